use crate::common::{Run, assert_unique, change, cloud, cloud_of, day, twisted};
use billing_pull::demo::Sample;
use serde_json::json;
use std::collections::HashMap;

#[test]
fn a_subject_is_day_and_service() {
    let date = day(2).to_string();
    let done = Run::aws(&cloud()).args(["--date", &date]).go().exits(0);
    for event in done.events() {
        let service = event["data"]["service"].as_str().unwrap();
        assert_eq!(event["subject"], format!("{date}/{service}"));
        assert_eq!(event.get("account"), None, "keys alone do not say whose they are");
    }
}

#[test]
fn data_is_what_the_connector_document_prints() {
    let cloud = twisted(Sample { rows: 1, ..Sample::default() }, |_, _, reply| {
        change(reply, |page| {
            let group = &mut page["ResultsByTime"][0]["Groups"][0];
            group["Keys"] = json!(["Amazon Elastic Compute Cloud - Compute"]);
            group["Metrics"]["UnblendedCost"]["Amount"] = "12.294".into();
        })
    });
    let date = day(2);
    let done = Run::aws(&cloud).args(["--date", &date.to_string()]).go().exits(0);
    let expected = format!(
        r#""data":{{"vanceSource":"cloud.aws.billing","vanceType":"aws.service.daily","date":"{date}","service":"Amazon Elastic Compute Cloud - Compute","amount":"12.294","unit":"USD","estimated":true}}}}"#
    );
    let line = done.stdout.lines().next().unwrap();
    assert!(line.ends_with(&expected), "{line}");
}

/// Subject to id.
fn ids(run: Run) -> HashMap<String, String> {
    let done = run.args(["--date", &format!("{}..{}", day(4), day(2))]).go().exits(0);
    assert_unique(&done.each("id"));
    let ids: HashMap<_, _> = done.each("subject").into_iter().zip(done.each("id")).collect();
    assert_eq!(ids.len(), done.events().len(), "subjects are unique");
    ids
}

#[test]
fn a_row_has_the_same_id_whenever_and_however_it_is_pulled() {
    let first = ids(Run::aws(&cloud()));
    assert_eq!(first.len(), 93);
    assert_eq!(first, ids(Run::aws(&cloud())), "again");
    assert_eq!(first, ids(Run::aws(&cloud_of(Sample { page: 7, ..Sample::default() }))), "pages");
    assert_eq!(first, ids(Run::aws(&cloud()).env("TZ", "Asia/Tokyo").env("LANG", "C")), "machine");
    let day = Run::aws(&cloud()).args(["--date", &day(3).to_string()]).go().exits(0);
    for (subject, id) in day.each("subject").iter().zip(day.each("id")) {
        assert_eq!(first[subject], id, "as part of another window");
    }
}

#[test]
fn a_restated_row_has_a_new_id_under_its_old_subject() {
    let before = ids(Run::aws(&cloud()));
    let after = ids(Run::aws(&cloud_of(Sample { revision: 1, ..Sample::default() })));
    assert_eq!(before.len(), after.len());
    let restated = before.iter().filter(|(subject, id)| after[*subject] != **id).count();
    assert!(restated > 0 && restated < before.len() / 2, "{restated} of {}", before.len());
}

#[test]
fn estimated_plays_no_part_in_an_id() {
    let estimated = |estimated: bool| {
        twisted(Sample::default(), move |_, _, reply| {
            change(reply, |page| {
                for period in page["ResultsByTime"].as_array_mut().unwrap() {
                    period["Estimated"] = estimated.into();
                }
            })
        })
    };
    let (open, closed) = (estimated(true), estimated(false));
    assert_eq!(ids(Run::aws(&open)), ids(Run::aws(&closed)));
    let said = |done: crate::common::Done| done.events()[0]["data"]["estimated"].clone();
    assert_eq!(said(Run::aws(&open).go()), true);
    assert_eq!(said(Run::aws(&closed).go()), false);
}

#[test]
fn the_account_is_part_of_subject_and_id() {
    let plain = ids(Run::aws(&cloud()));
    let named = ids(Run::aws(&cloud()).args(["--account", "111122223333"]));
    for (subject, id) in &plain {
        assert_ne!(*id, named[&format!("111122223333/{subject}")]);
    }
    let other = ids(Run::aws(&cloud()).args(["--account", "444455556666"]));
    assert!(other.values().all(|id| named.values().all(|known| known != id)));
    let done = Run::aws(&cloud()).args(["--account", "111122223333"]).go().exits(0);
    for event in done.cloudevents() {
        assert_eq!(event.extension("account").unwrap().to_string(), "111122223333");
    }
}

#[test]
fn spelling_and_blanks_that_an_api_leaves_change_nothing() {
    let named = |name: &'static str| {
        let cloud = twisted(Sample { rows: 1, ..Sample::default() }, move |_, _, mut reply| {
            let body = String::from_utf8(reply.body).unwrap();
            reply.body = body.replace("\"AWS CloudTrail\"", name).into_bytes();
            reply
        });
        let date = day(2).to_string();
        let done = Run::aws(&cloud).args(["--date", &date]).go().exits(0);
        assert_eq!(done.each("subject"), [format!("{date}/云 \"Café\"")]);
        assert_eq!(done.stdout.lines().count(), 1);
        done.each("id")
    };
    let plain = named(r#""云 \"Café\"""#);
    assert_eq!(plain, named(r#""\u4e91 \"Caf\u00e9\"\t ""#));
}

#[test]
fn what_knative_asks_for_is_on_every_event() {
    let overrides = r#"{"extensions":{"team":"fin ops","stage":"prod"}}"#;
    let plain = ids(Run::aws(&cloud()));
    let done = Run::aws(&cloud()).env("K_CE_OVERRIDES", overrides).go().exits(0);
    for event in done.cloudevents() {
        assert_eq!(event.extension("team").unwrap().to_string(), "fin ops");
        assert_eq!(event.extension("stage").unwrap().to_string(), "prod");
    }
    assert_eq!(plain, ids(Run::aws(&cloud()).env("K_CE_OVERRIDES", overrides)), "same ids");
    for bad in ["team=fin", r#"{"extensions":{"id":"1"}}"#, r#"{"extensions":{"Team":"x"}}"#] {
        let cloud = cloud();
        let run = Run::aws(&cloud).env("K_CE_OVERRIDES", bad);
        run.go().exits(2).says(&["K_CE_OVERRIDES"]);
        assert_eq!(cloud.seen().len(), 0);
    }
}
