use crate::common::{Cloud, Run, assert_unique, bodies, change, cloud, cloud_of, day, twisted};
use billing_pull::demo::Sample;
use billing_pull::demo::server::Reply;
use chrono::{Datelike, Months, NaiveDate};
use serde_json::{Value, json};
use std::sync::Mutex;

/// Rows that all fit into one page.
fn one_page() -> Sample {
    Sample { page: 100_000, ..Sample::default() }
}

/// `--date FROM..TO`, by days before today.
fn range(from: u64, to: u64) -> String {
    format!("{}..{}", day(from), day(to))
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap()
}

#[test]
fn the_request_is_the_one_that_cost_explorer_documents() {
    let cloud = cloud_of(one_page());
    Run::aws(&cloud).args(["--date", &day(3).to_string()]).go().exits(0);
    let seen = cloud.seen();
    let [request] = &seen[..] else { panic!("{} requests", seen.len()) };
    assert_eq!((&*request.method, &*request.target), ("POST", "/"));
    assert_eq!(request.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(request.header("x-amz-target"), Some("AWSInsightsIndexService.GetCostAndUsage"));
    let authorization = request.header("authorization").unwrap();
    assert!(authorization.contains("/us-east-1/ce/aws4_request"), "{authorization}");
    assert_eq!(
        String::from_utf8(request.body.clone()).unwrap(),
        format!(
            r#"{{"TimePeriod":{{"Start":"{}","End":"{}"}},"Granularity":"DAILY","Metrics":["UnblendedCost"],"GroupBy":[{{"Type":"DIMENSION","Key":"SERVICE"}}]}}"#,
            day(3),
            day(2)
        )
    );
}

#[test]
fn the_region_chooses_the_partition_and_never_the_scope() {
    for (region, scope) in
        [("eu-central-1", "/us-east-1/ce/"), ("cn-north-1", "/cn-northwest-1/ce/")]
    {
        let cloud = cloud();
        Run::aws(&cloud).env("AWS_REGION", region).go().exits(0);
        let seen = cloud.seen();
        assert!(seen[0].header("authorization").unwrap().contains(scope), "{region}");
    }
}

#[test]
fn temporary_keys_are_signed_with_their_token() {
    // The sample cloud issues no tokens, so this answer takes the place of its refusal.
    let cloud = twisted(Sample::default(), |_, _, _| Reply::json(r#"{"ResultsByTime":[]}"#));
    Run::aws(&cloud).env("AWS_SESSION_TOKEN", "FwoGZXIvYXdzEBYaDtoken").go().exits(0);
    let request = &cloud.seen()[0];
    assert_eq!(request.header("x-amz-security-token"), Some("FwoGZXIvYXdzEBYaDtoken"));
    assert!(request.header("authorization").unwrap().contains("x-amz-security-token"));
}

#[test]
fn each_page_names_the_next() {
    let cloud = cloud_of(Sample { page: 7, ..Sample::default() });
    let done = Run::aws(&cloud).args(["--date", &day(2).to_string()]).go().exits(0);
    assert_unique(&done.each("subject"));
    assert!(done.closing().contains(": 31 events delivered, 5 requests ($0.05), 0 retries, "));
    let tokens: Vec<Value> =
        bodies(&cloud).iter().map(|body| body["NextPageToken"].clone()).collect();
    assert_eq!(
        tokens,
        [
            json!(null),
            json!("page-from-7"),
            json!("page-from-14"),
            json!("page-from-21"),
            json!("page-from-28")
        ]
    );
}

/// A cloud whose second page names the last row of the first once more, maybe with another amount.
fn overlapping(amount: Option<&'static str>) -> Cloud {
    let last = Mutex::new(Value::Null);
    twisted(Sample { page: 20, ..Sample::default() }, move |number, _, reply| {
        change(reply, |page| {
            let groups = page["ResultsByTime"][0]["Groups"].as_array_mut().unwrap();
            let mut last = last.lock().unwrap();
            if number == 1 {
                last.clone_from(groups.last().unwrap());
            } else {
                let mut again = last.clone();
                if let Some(amount) = amount {
                    again["Metrics"]["UnblendedCost"]["Amount"] = amount.into();
                }
                groups.insert(0, again);
            }
        })
    })
}

#[test]
fn a_row_that_the_next_page_repeats_is_one_row() {
    let cloud = overlapping(None);
    let done = Run::aws(&cloud).args(["--date", &day(2).to_string()]).go().exits(0);
    assert_eq!(done.events().len(), 31);
    assert_unique(&done.each("subject"));
}

#[test]
fn an_answer_that_changed_between_pages_ends_the_run() {
    let cloud = overlapping(Some("999999.01"));
    let run = Run::aws(&cloud).args(["--date", &day(2).to_string()]);
    let changed = "comes twice with different amounts";
    run.go().exits(5).says(&[changed, "GetCostAndUsage page 2", "20 events delivered"]);
}

#[test]
fn a_contiguous_window_is_one_request() {
    for (when, start, end) in [
        ("yesterday".to_owned(), day(1), day(0)),
        (range(3, 3), day(3), day(2)),
        (range(40, 2), day(40), day(1)),
        ("last-30-days".to_owned(), day(30), day(0)),
        ("today".to_owned(), day(0), day(0) + chrono::Days::new(1)),
    ] {
        let cloud = cloud_of(one_page());
        Run::aws(&cloud).args(["--date", &when]).go().exits(0).says(&["1 request ($0.01)"]);
        let period = json!({"Start": start.to_string(), "End": end.to_string()});
        assert_eq!(bodies(&cloud)[0]["TimePeriod"], period, "{when}");
    }
}

#[test]
fn the_hosts_zone_plays_no_part() {
    for zone in ["Pacific/Kiritimati", "Etc/GMT+12"] {
        let cloud = cloud();
        Run::aws(&cloud).env("TZ", zone).args(["--date", "yesterday"]).go().exits(0);
        assert_eq!(bodies(&cloud)[0]["TimePeriod"]["Start"], day(1).to_string());
    }
}

#[test]
fn a_month_by_month_bill_asks_for_whole_months() {
    let this = first_of_month(day(0));
    let (start, last) = (this - Months::new(2), this - Months::new(1));
    let cloud = cloud();
    let months = format!("{}..{}", start.format("%Y-%m"), last.format("%Y-%m"));
    let done = Run::aws(&cloud).args(["--granularity", "monthly", "--date", &months]).go().exits(0);
    let body = &bodies(&cloud)[0];
    assert_eq!(body["Granularity"], "MONTHLY");
    let period = json!({"Start": start.to_string(), "End": this.to_string()});
    assert_eq!(body["TimePeriod"], period);
    let events = done.events();
    assert_eq!(events.len(), 62);
    for event in &events {
        assert_eq!(event["type"], "aws.service.monthly");
        assert_eq!(event["data"]["vanceType"], "aws.service.monthly");
    }
    assert_eq!(events[0]["data"]["date"], start.to_string(), "the month's first day");
    assert_eq!(events[61]["data"]["date"], last.to_string());
    assert!(done.closing().starts_with(&format!("aws {months}: 62 events")), "{}", done.closing());
}

#[test]
fn what_the_api_no_longer_serves_is_refused_before_a_paid_call() {
    let this = first_of_month(day(0));
    let too_old = this - Months::new(14);
    let tomorrow = day(0) + chrono::Days::new(1);
    for (when, granularity, needle) in [
        (too_old.to_string(), "daily", "aws keeps 14 months by day"),
        ("2020-01".to_owned(), "monthly", "aws keeps 38 months by month"),
        (tomorrow.to_string(), "daily", "lies in the future"),
        (range(2, 4), "daily", "lies before the start"),
    ] {
        let cloud = cloud();
        let run = Run::aws(&cloud).args(["--granularity", granularity, "--date", &when]);
        run.go().exits(2).says(&[needle]);
        assert_eq!(cloud.seen().len(), 0, "{when}");
    }
    let cloud = cloud();
    let oldest = (this - Months::new(13)).to_string();
    Run::aws(&cloud).args(["--date", &oldest]).go().exits(0);
}

#[test]
fn a_slip_in_the_date_is_refused() {
    for when in ["2026-3-1", "26-11-02", "2026-02-30", "last-0-days", "tomorrow", "", "2026/03/01"]
    {
        Run::command("aws").args(["--demo", "--date", when]).go().exits(2).says(&["--date"]);
    }
}

#[test]
fn several_metrics_come_beside_the_first_one() {
    let cloud = cloud_of(one_page());
    let done = Run::aws(&cloud)
        .args([
            "--metric",
            "AmortizedCost",
            "--metric",
            "UnblendedCost",
            "--metric",
            "UsageQuantity",
        ])
        .go()
        .exits(0);
    let asked = json!(["AmortizedCost", "UnblendedCost", "UsageQuantity"]);
    assert_eq!(bodies(&cloud)[0]["Metrics"], asked);
    for event in done.events() {
        let data = &event["data"];
        let metrics = data["metrics"].as_object().unwrap();
        assert_eq!(data["amount"], metrics["AmortizedCost"]["amount"]);
        assert_eq!(data["unit"], "USD");
        assert_eq!(metrics["UsageQuantity"]["unit"], "N/A");
        assert_eq!(metrics.len(), 3);
    }
    let plain = Run::aws(&cloud).go();
    assert!(plain.events().iter().all(|event| event["data"].get("metrics").is_none()));
}

#[test]
fn group_keys_are_fields_of_their_own() {
    let cloud = cloud_of(one_page());
    let done = Run::aws(&cloud)
        .args(["--group-by", "LINKED_ACCOUNT", "--group-by", "TAG:team"])
        .args(["--date", &day(2).to_string()])
        .go()
        .exits(0);
    let asked =
        json!([{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}, {"Type": "TAG", "Key": "team"}]);
    assert_eq!(bodies(&cloud)[0]["GroupBy"], asked);
    let events = done.events();
    assert_eq!(events.len(), 4);
    let data = &events[1]["data"];
    assert_eq!(data["linkedAccount"], "111122223333");
    assert_eq!(data["linkedAccountName"], "production");
    assert_eq!(data["tag:team"], "web");
    assert_eq!(data.get("service"), None, "it was not grouped by");
    assert_eq!(events[0]["data"]["tag:team"], "", "what has no such tag");
    assert_eq!(events[1]["subject"], format!("{}/111122223333/web", day(2)));
    assert_unique(&done.each("id"));
}

#[test]
fn group_keys_that_are_in_no_list_are_passed_on() {
    let cloud = cloud_of(one_page());
    let keys = ["--group-by", "USAGE_TYPE", "--group-by", "COST_CATEGORY:tier"];
    let done = Run::aws(&cloud).args(keys).go().exits(0);
    let data = &done.events()[1]["data"];
    assert_eq!(
        (&data["usageType"], &data["costCategory:tier"]),
        (&json!("USAGE_TYPE-1"), &json!("web"))
    );
    let three = ["--group-by", "SERVICE", "--group-by", "REGION", "--group-by", "AZ"];
    let run = Run::aws(&cloud).args(three);
    run.go().exits(2).says(&["groups by two keys at most"]);
    assert_eq!(cloud.seen().len(), 1);
}

#[test]
fn a_filter_is_passed_through() {
    let credit =
        json!({"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund"]}}});
    let region = json!({"Dimensions": {"Key": "REGION", "Values": ["eu-central-1"]}});
    let text = region.to_string();
    let exclude = ["--exclude-record-type", "Credit", "--exclude-record-type", "Refund"];
    for (arguments, expected) in [
        (vec!["--filter", &text], region.clone()),
        (exclude.to_vec(), credit.clone()),
        ([&["--filter", &text], &exclude[..]].concat(), json!({"And": [region, credit]})),
    ] {
        let cloud = cloud();
        Run::aws(&cloud).args(arguments).go().exits(0);
        for body in bodies(&cloud) {
            assert_eq!(body["Filter"], expected, "every page asks the same");
        }
    }
    for bad in ["{", "[]", "RECORD_TYPE=Credit"] {
        let cloud = cloud();
        Run::aws(&cloud).args(["--filter", bad]).go().exits(2).says(&["--filter is no JSON"]);
        assert_eq!(cloud.seen().len(), 0);
    }
}

#[test]
fn every_digit_of_an_amount_arrives() {
    let amounts = ["12345678901234567890.1234567890", "-1.5E-8", "0", "0.10"];
    let cloud = twisted(one_page(), move |_, _, reply| {
        change(reply, |page| {
            for (at, amount) in amounts.iter().enumerate() {
                page["ResultsByTime"][0]["Groups"][at]["Metrics"]["UnblendedCost"]["Amount"] =
                    (*amount).into();
            }
        })
    });
    let done = Run::aws(&cloud).go().exits(0);
    let got: Vec<Value> =
        done.events()[..4].iter().map(|event| event["data"]["amount"].clone()).collect();
    assert_eq!(got, amounts);
}

#[test]
fn an_amount_that_is_no_number_is_an_error() {
    for amount in ["1,000.00", "", "NaN", "12 USD"] {
        let cloud = twisted(one_page(), move |_, _, reply| {
            change(reply, |page| {
                page["ResultsByTime"][0]["Groups"][3]["Metrics"]["UnblendedCost"]["Amount"] =
                    amount.into();
            })
        });
        let done = Run::aws(&cloud).go().exits(4);
        let done = done.says(&["not understood", "AWS Glue", &format!("{amount:?}")]);
        assert_eq!(done.stdout, "");
    }
}

#[test]
fn an_estimated_bill_is_said() {
    let cloud = cloud();
    let date = day(2).to_string();
    let run = Run::aws(&cloud).args(["--date", &date]);
    run.go().exits(0).says(&[&format!("AWS calls {date} estimated")]);
    let old = Run::aws(&cloud).args(["--date", &day(90).to_string()]).go().exits(0);
    old.never_says("estimated");
}
