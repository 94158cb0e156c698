//! One window for several runs, on as many machines: `--shard I/N`, or `--shards N` in a Kubernetes Indexed Job,
//! which tells each pod its number. No run knows of the others; what each takes follows from the numbers alone.

use crate::cli::PullOptions;
use crate::env::Env;
use crate::exit::{Failure, fail};
use anyhow::Result;
use std::fmt;
use std::str::FromStr;

/// Kubernetes sets it in every pod of an Indexed Job.
const POD: &str = "JOB_COMPLETION_INDEX";

/// One of several disjoint parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Which part, from 0.
    pub(crate) index: usize,
    /// How many there are.
    pub(crate) of: usize,
}

impl Shard {
    fn new(index: usize, of: usize) -> Result<Self, String> {
        match of {
            0 => Err("N in I/N is 1 or more".into()),
            _ if index >= of => Err(format!("I in I/N is 0 to {}", of - 1)),
            _ => Ok(Self { index, of }),
        }
    }

    /// What the options and, with `--shards`, Kubernetes say.
    pub(crate) fn resolve(options: &PullOptions, env: &Env) -> Result<Option<Self>> {
        let Some(of) = options.shards else { return Ok(options.shard) };
        let of = usize::try_from(of)?;
        let refuse = |why: String| fail(Failure::Usage, format!("--shards {of}: {why}"));
        let index = env.get(POD).ok_or_else(|| {
            refuse(format!("{POD} is not set; Kubernetes sets it where completionMode is Indexed, elsewhere say --shard I/{of}"))
        })?;
        let index =
            number(index).ok_or_else(|| refuse(format!("{POD} is no number: {index:?}")))?;
        let shard = Self::new(index, of).map_err(|_| {
            refuse(format!("{POD} is {index}: give the Job no more completions than shards"))
        })?;
        Ok(Some(shard))
    }

    /// Whether what this key names belongs to this part. It depends on the key alone, so that a file that
    /// appears between the listings of two pods moves no other from one to the other.
    pub(crate) fn takes_key(self, key: &str) -> bool {
        let hash = blake3::hash(key.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h]) % self.of as u64 == self.index as u64
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (index, of) = text.split_once('/').ok_or("it is I/N, such as 0/4")?;
        let (index, of) = number(index).zip(number(of)).ok_or("it is I/N, such as 0/4")?;
        Self::new(index, of)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {}/{}", self.index, self.of)
    }
}

/// Digits and nothing else: `parse` alone would take a sign.
fn number(text: &str) -> Option<usize> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse::<u32>().ok().filter(|_| plain)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_one_of_several() {
        assert_eq!("0/1".parse(), Ok(Shard { index: 0, of: 1 }));
        assert_eq!("3/4".parse(), Ok(Shard { index: 3, of: 4 }));
        for bad in
            ["4/4", "0/0", "1", "1/", "/4", "-1/4", "+1/4", "1/4/2", "a/4", " 1/4", "0/4294967296"]
        {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    #[test]
    fn each_key_belongs_to_one_shard() {
        let of = 4;
        let mut counts = vec![0; of];
        for number in 0..1000 {
            let key = format!("bills/1234567890123456_BillingItemDetail_202603{number:04}");
            let takers: Vec<usize> =
                (0..of).filter(|&index| Shard { index, of }.takes_key(&key)).collect();
            assert_eq!(takers.len(), 1, "{key}");
            counts[takers[0]] += 1;
        }
        assert!(counts.iter().all(|count| (200..300).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_key_keeps_its_shard_on_every_machine_and_in_every_version() {
        let taker = |key: &str| (0..7).find(|&index| Shard { index, of: 7 }.takes_key(key));
        assert_eq!(taker("bills/20260301.csv"), Some(4));
        assert_eq!(taker("账单/2026-03.csv"), Some(3));
    }
}
