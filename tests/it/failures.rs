use crate::common::{Cloud, Run, cloud, twisted};
use billing_pull::demo::Sample;
use billing_pull::demo::server::{Fault, Reply, Request};
use chrono::{TimeDelta, Utc};

/// A cloud that answers everything with this.
pub fn always(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Cloud {
    twisted(Sample::default(), move |_, request, _| reply(request))
}

/// A cloud that goes wrong once, at the request of this number.
pub fn once(at: usize, reply: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static) -> Cloud {
    twisted(
        Sample::default(),
        move |number, request, good| {
            if number == at { reply(request, good) } else { good }
        },
    )
}

/// A refusal as Cost Explorer writes it, its message under either spelling.
fn refusal(status: u16, code: &str, member: &str, message: &str) -> Reply {
    let body = serde_json::json!({"__type": code, member: message}).to_string();
    Reply::new(status, body).with("x-amzn-RequestId", "REQUEST-ID-1")
}

#[test]
fn what_passes_by_itself_is_tried_again() {
    let faults: [(&str, fn(&Request, Reply) -> Reply); 4] = [
        ("Message", |_, _| {
            refusal(400, "LimitExceededException", "Message", "Rate limit exceeded")
        }),
        ("message", |_, _| refusal(400, "ThrottlingException", "message", "Rate exceeded")),
        ("429", |_, _| refusal(429, "com.amazon#TooManyRequestsException", "message", "x")),
        ("502", |_, _| Reply::new(502, "<html>Bad Gateway</html>")),
    ];
    for (name, fault) in faults {
        for at in [1, 2] {
            let cloud = once(at, fault);
            let done = Run::aws(&cloud).go().exits(0);
            assert_eq!(done.events().len(), 31, "{name}");
            let closing = "31 events delivered, 3 requests ($0.02), 1 retry, ";
            assert!(done.closing().contains(closing), "{name}: {}", done.closing());
        }
    }
}

#[test]
fn an_answer_that_stops_coming_is_tried_again() {
    for fault in [Fault::Stall(0), Fault::Stall(200), Fault::Silence] {
        let cloud = once(1, move |_, good| good.broken(fault));
        let done = Run::aws(&cloud).args(["--timeout", "0.2"]).go().exits(0);
        assert_eq!(done.events().len(), 31, "{fault:?}");
        assert!(!done.closing().contains(" 0 retries"), "{fault:?}: {}", done.closing());
    }
}

#[test]
fn a_cloud_that_stays_away_is_unavailable_once_the_tries_are_spent() {
    let page: &[u8] = b"{\"ResultsByTime\":[]}";
    let table: [(Reply, &str); 7] = [
        (
            refusal(400, "LimitExceededException", "Message", "Rate limit exceeded"),
            "Rate limit exceeded",
        ),
        (refusal(400, "ThrottlingException", "message", "Rate exceeded"), "Rate exceeded"),
        (Reply::new(503, ""), "HTTP 503"),
        (Reply::new(502, "<html><h1>Bad Gateway</h1></html>"), "Bad Gateway"),
        (Reply::new(200, page).broken(Fault::Reset), "the connection broke"),
        (Reply::new(200, page).broken(Fault::Cut(7)), "cut short"),
        (Reply::new(503, "").with("Retry-After", "3600"), "asks to wait 3600 s"),
    ];
    for (reply, needle) in table {
        let once = needle.contains("3600");
        let cloud = always(move |_| reply.clone());
        let done = Run::aws(&cloud).args(["--retries", "2"]).go().exits(5);
        let done = done.says(&["AWS Cost Explorer: POST 127.0.0.1:", " GetCostAndUsage: ", needle]);
        let tries = if once { 1 } else { 3 };
        assert_eq!(cloud.seen().len(), tries, "{needle}");
        let requests =
            if once { "1 request ($0.00), 0 retries" } else { "3 requests ($0.00), 2 retries" };
        assert!(
            done.closing().contains(&format!("0 events delivered, {requests}")),
            "{}",
            done.closing()
        );
    }
}

#[test]
fn a_server_that_goes_silent_never_holds_the_run() {
    for (fault, needle) in
        [(Fault::Silence, "no answer within 0.2 s"), (Fault::Stall(5), "the answer stalled")]
    {
        let cloud = once(1, move |_, good| good.broken(fault));
        let run = Run::aws(&cloud).args(["--timeout", "0.2", "--retries", "0"]);
        run.go().exits(5).says(&[needle, "(tried 1 time)"]);
    }
}

#[test]
fn a_refusal_says_whose_fault_it_is_and_what_to_do() {
    let clock = "this machine's clock is too far off";
    let table = [
        (
            400,
            "AccessDeniedException",
            "User not enabled for cost explorer access",
            3,
            "open Cost Explorer once",
        ),
        (
            400,
            "AccessDeniedException",
            "User: arn:aws:iam::1:user/x is not authorized to perform: ce:GetCostAndUsage",
            3,
            "allow ce:GetCostAndUsage on *",
        ),
        (
            400,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            3,
            "access key id is unknown",
        ),
        (
            403,
            "InvalidSignatureException",
            "Signature expired: 20220614T070555Z is now earlier than 20220614T080000Z",
            3,
            clock,
        ),
        (
            400,
            "ExpiredTokenException",
            "The security token included in the request is expired",
            3,
            "have expired",
        ),
        (400, "DataUnavailableException", "Data is not available.", 4, "about 24 hours"),
        (
            400,
            "ValidationException",
            "Group Definition type is invalid.",
            4,
            "check --date, --metric, --group-by",
        ),
        (400, "ResourceNotFoundException", "no such billing view", 4, "no such billing view"),
        (400, "SomethingNewException", "never seen before", 4, "never seen before"),
        (
            400,
            "RequestChangedException",
            "other parameters",
            5,
            "the bill changed while it was read",
        ),
        (400, "InvalidNextTokenException", "bad token", 5, "run again"),
        (400, "BillExpirationException", "expired", 5, "run again"),
    ];
    for (status, code, message, exit, hint) in table {
        for member in ["message", "Message"] {
            let cloud = always(move |_| refusal(status, code, member, message));
            let done = Run::aws(&cloud).go().exits(exit);
            let done = done.says(&[&format!("{code} (HTTP {status})"), hint, "REQUEST-ID-1"]);
            done.says(&[
                "error: AWS Cost Explorer: POST 127.0.0.1:",
                "0 events delivered, 1 request ($0.00), 0 retries",
            ]);
            assert_eq!(cloud.seen().len(), 1, "{code}: no second try");
        }
    }
}

#[test]
fn a_clock_that_is_off_is_told_by_how_much() {
    for (offset, direction) in [(1200, "behind"), (-1200, "ahead of")] {
        let cloud = always(move |_| {
            let there = (Utc::now() + TimeDelta::seconds(offset)).to_rfc2822();
            let message =
                "Signature not yet current: 20220614T070555Z is still later than 20220614T065055Z";
            refusal(403, "InvalidSignatureException", "message", message).with("Date", &there)
        });
        let done = Run::aws(&cloud).go().exits(3);
        let said = [1199, 1200, 1201].map(|seconds| {
            format!(
                "this machine's clock is {seconds} s {direction} the service's: set it right (NTP)"
            )
        });
        assert!(said.iter().any(|said| done.stderr.contains(said)), "{}", done.stderr);
    }
}

#[test]
fn half_a_key_pair_is_no_reason_to_look_elsewhere() {
    for half in ["access_key_id: AKIDHALF\n", "secret_access_key: s3cr3thalf\n"] {
        let run = Run::aws(&cloud()).file("secret.yml", half).args(["--secret", "secret.yml"]);
        run.secret("s3cr3thalf").go().exits(3).says(&["half a pair"]);
    }
}

#[test]
fn a_proxy_that_answers_in_html_is_not_understood() {
    let page = "<!DOCTYPE html>\n<html><title>Sign in to the network</title></html>";
    let cloud = always(move |_| Reply::new(200, page).with("Content-Type", "text/html"));
    let run = Run::aws(&cloud).go().exits(4);
    run.says(&["not understood", "<!DOCTYPE html>", "POST 127.0.0.1:"]);
    let cloud = always(move |_| Reply::new(403, page).with("Content-Type", "text/html"));
    Run::aws(&cloud).go().exits(4).says(&["a proxy in between", "Sign in to the network"]);
    let cloud = always(|_| Reply::new(302, "").with("Location", "http://127.0.0.1:1/login"));
    Run::aws(&cloud).go().exits(4).says(&["HTTP 302"]);
}

#[test]
fn an_answer_that_makes_no_sense_is_not_understood() {
    for body in [
        r#"{"ResultsByTime":{}}"#,
        r#"{"ResultsByTime":[{"TimePeriod":{"Start":"2001-01-01","End":"2001-01-02"},"Groups":[]}]}"#,
        r#"{"ResultsByTime":[{"TimePeriod":{"Start":"soon"},"Groups":[]}]}"#,
    ] {
        let cloud = always(move |_| Reply::new(200, body));
        let done = Run::aws(&cloud).go().exits(4).says(&["not understood"]);
        assert_eq!(done.stdout, "", "{body}");
    }
}

#[test]
fn requests_end_at_their_limit_before_the_next_is_paid() {
    let cloud = cloud();
    let run = Run::aws(&cloud).args(["--max-requests", "1"]).go().exits(9);
    run.says(&["20 events delivered, 1 request ($0.01)"]);
    Run::aws(&cloud).args(["--max-requests", "2"]).go().exits(0);
    Run::aws(&cloud).args(["--max-requests", "0"]).go().exits(9).says(&["0 requests ($0.00)"]);
    assert_eq!(cloud.seen().len(), 3);
}

#[test]
fn a_disk_that_is_full_is_a_local_failure() {
    // Writing to /dev/full fails as a full disk does.
    let cloud = cloud();
    let done = Run::aws(&cloud).stdout_to("/dev/full").go().exits(1);
    done.says(&["stdout cannot be written", "0 events delivered"]);
}
