//! Bills at random, one after another, against a receiver that applies the events.

use super::*;

/// Small numbers that are the same on every run.
struct Dice(u64);

impl Dice {
    /// SplitMix64: neighbouring seeds have nothing in common, not even at the first roll.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ bits >> 31) >> 11) as usize % sides
    }

    fn number(&mut self, sides: usize) -> u32 {
        u32::try_from(self.roll(sides)).unwrap()
    }

    /// A bill of one day, with few subjects and values, so that rows repeat, share subjects, and come back.
    fn bill(&mut self, day: u32, is_shared: bool) -> Vec<Said> {
        if is_shared {
            return (0..self.roll(8)).map(|_| (day, self.number(2), self.number(3))).collect();
        }
        let subjects = (0..6).filter(|_| self.roll(3) > 0).collect::<Vec<u32>>();
        subjects.into_iter().map(|subject| (day, subject, self.number(3))).collect()
    }
}

/// Whatever bills are pulled one after another, cut short, killed and compacted in between: once a pull ends well,
/// who applies the events has exactly the last bill of each day.
#[test]
fn a_receiver_always_ends_with_the_last_bill() {
    for seed in 1..=150 {
        let mut dice = Dice(seed);
        let mut world = World::new();
        let report = Report::new(Level::Quiet, LogFormat::Text, false);
        let mut bills = [Vec::new(), Vec::new()];
        let mut trace = Vec::new();
        let is_shared = dice.roll(2) == 0;
        for _ in 0..12 {
            world.room = if dice.roll(3) == 0 { 0 } else { HOLD };
            let at = dice.number(2);
            let page = 1 + dice.roll(4);
            let now = usize::from(at == 1);
            let old = bills[now].clone();
            bills[now] = dice.bill(at, is_shared);
            let days = if dice.roll(3) == 0 { 0..2 } else { at..at + 1 };
            let pulled: Vec<Said> =
                bills.iter().flatten().filter(|said| days.contains(&said.0)).copied().collect();
            let before = match dice.roll(4) {
                0 => vec![Run::Cut(dice.roll(3))],
                // What was sent and not noted is sent again with the same id, or one that replaces what the first did.
                1 => (0..2)
                    .map(|_| {
                        Run::Killed(dice.roll(6), if world.room == 0 { 0 } else { dice.number(32) })
                    })
                    .collect(),
                2 if old == bills[now] => vec![Run::Careful],
                _ => Vec::new(),
            };
            for run in before.into_iter().chain([Run::Whole]) {
                trace.push(format!(
                    "{days:?} {pulled:?} pages of {page}, {run:?}, room {}",
                    world.room
                ));
                let (_, _, verdict) = world.pull(days.clone(), &pulled, page, run);
                verdict.unwrap();
            }
            let all: Vec<Said> = bills.concat();
            assert_eq!(world.receiver.bill(), bill_of(&all), "seed {seed}: {trace:#?}");
            world.complete(days.clone());
            let rows = world.lines().into_iter().filter(|line| line["source"] != "s");
            let ids: Vec<String> = rows.map(|line| line["id"].to_string()).collect();
            let unique: BTreeSet<&String> = ids.iter().collect();
            assert_eq!(unique.len(), ids.len(), "seed {seed}: an id twice; {trace:#?}");
            let (again, unchanged) = world.whole(days, &pulled);
            assert_eq!(
                (again.len(), unchanged),
                (0, pulled.len() as u64),
                "seed {seed}: {trace:#?}"
            );
            if dice.roll(5) == 0 {
                trace.push("compact".into());
                compact(&world.path(), &report).unwrap();
            }
        }
    }
}
