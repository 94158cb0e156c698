//! What the manual says beyond the options, which clap knows: examples, variables, files. `--help` and the pages
//! in `man/` are made from it.

/// What the manual says of one command.
pub struct Manual {
    /// The command, as it is typed after `billing-pull`; empty for the program itself.
    pub command: &'static str,
    /// What is done, and how.
    pub examples: &'static [(&'static str, &'static str)],
    /// Variables that only this command reads.
    pub environment: &'static [(&'static str, &'static str)],
    /// Files that only this command reads or writes.
    pub files: &'static [(&'static str, &'static str)],
}

/// Every command's part, the program's own first.
pub const MANUALS: &[Manual] = &[
    PROGRAM,
    AWS,
    ALICLOUD,
    BAIDU,
    ALICLOUD_OSS,
    ALICLOUD_SUBSCRIBE,
    JOURNAL,
    JOURNAL_VERIFY,
    JOURNAL_COMPACT,
];

/// Variables of every command that emits events.
pub const EVENTS: &[(&str, &str)] = &[
    ("BILLING_PULL_TARGET", "the target, unless --target names one"),
    ("K_SINK", "the target, if nothing above names one; Knative's SinkBinding sets it"),
    ("K_CE_OVERRIDES", "extensions for every event, as Knative's SinkBinding sets them"),
    ("JOB_COMPLETION_INDEX", "the number of the pod; read only with --shards"),
];

/// Variables of every command that calls a cloud.
pub const CALLS: &[(&str, &str)] = &[
    ("CONNECTOR_CONFIG", "the file of settings, unless --config names one"),
    ("CONNECTOR_SECRET", "the file of keys, unless --secret names one"),
    ("BILLING_PULL_LOG_FORMAT", "text or json, unless --log-format says"),
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY",
        "the proxy to go through; loopback and metadata services never do",
    ),
    ("NO_PROXY", "hosts that are reached without the proxy"),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "certificates to trust instead of the system's"),
    ("NO_COLOR, CI, TERM=dumb", "no progress bar"),
];

/// Files of every command that calls a cloud.
pub const FILES: &[(&str, &str)] = &[
    (
        "/vance/config/config.yml",
        "settings, if it exists and no other file is named: target, endpoint, account, headers, secret",
    ),
    (
        "/vance/secret/secret.yml",
        "keys, if it exists and no other file is named: access_key_id, secret_access_key, session_token, headers",
    ),
];

const PROGRAM: Manual = Manual {
    command: "",
    examples: &[
        ("See what the events look like, without an account", "billing-pull aws --demo"),
        ("Pull yesterday's bill of AWS", "billing-pull aws"),
        (
            "Before the first run, or at 3 in the morning: what is wrong?",
            "billing-pull aws --check",
        ),
    ],
    environment: &[],
    files: &[],
};

const AWS: Manual = Manual {
    command: "aws",
    examples: &[
        (
            "Yesterday's costs as a table of services and amounts",
            "billing-pull aws | jq -r '.data | [.service, .amount, .unit] | @tsv'",
        ),
        (
            "Whatever is new or changed, every morning from cron, to a broker",
            "billing-pull aws --date settling --journal bills.ndjson --target https://broker.example.com/bills",
        ),
        (
            "Whether keys, permission, clock and target are well",
            "billing-pull aws --check-target --target https://broker.example.com/bills",
        ),
        (
            "A month of one team's costs, by account",
            "billing-pull aws --date 2026-03 --group-by LINKED_ACCOUNT --filter '{\"Tags\":{\"Key\":\"team\",\"Values\":[\"web\"]}}'",
        ),
        (
            "What a year by month would cost, without asking for it",
            "billing-pull aws --date 2025-04..2026-03 --granularity monthly --dry-run",
        ),
    ],
    environment: &[
        ("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN", "keys"),
        (
            "AWS_CREDENTIAL_EXPIRATION, AWS_ACCOUNT_ID",
            "until when these keys are good, and whose they are",
        ),
        ("AWS_PROFILE", "the profile, unless --profile names one"),
        ("AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE", "where the profiles are"),
        (
            "AWS_REGION, AWS_DEFAULT_REGION",
            "any region of the partition to ask: aws, aws-cn and so on",
        ),
        (
            "AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME",
            "a role for a service account; Amazon EKS sets them",
        ),
        (
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "the agent that holds a container's keys; Amazon ECS and EKS Pod Identity set them",
        ),
        (
            "AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
            "whether and where to ask the instance for keys",
        ),
        (
            "AWS_ENDPOINT_URL_COST_EXPLORER, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_SSO",
            "APIs to call instead of the cloud's own",
        ),
    ],
    files: &[
        ("~/.aws/config, ~/.aws/credentials", "profiles"),
        ("~/.aws/sso/cache", "tokens that aws sso login left"),
    ],
};

/// Files of every command for Alibaba Cloud.
const ALIBABA_FILES: &[(&str, &str)] =
    &[("~/.aliyun/config.json", "profiles of the aliyun command")];

/// Variables of every command for Alibaba Cloud.
const ALIBABA: &[(&str, &str)] = &[
    (
        "ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET, ALIBABA_CLOUD_SECURITY_TOKEN",
        "keys",
    ),
    (
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE, ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_ROLE_SESSION_NAME",
        "a role for a service account; ACK (RRSA) sets them",
    ),
    (
        "ALIBABA_CLOUD_STS_ENDPOINT, ALIBABA_CLOUD_STS_REGION, ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED",
        "which STS gives a role's keys",
    ),
    (
        "ALIBABA_CLOUD_PROFILE, ALIBABA_CLOUD_CLI_PROFILE_DISABLED",
        "the profile of ~/.aliyun/config.json, and whether that file counts",
    ),
    ("ALIBABA_CLOUD_CREDENTIALS_URI", "the service beside the program that has keys"),
    (
        "ALIBABA_CLOUD_ECS_METADATA, ALIBABA_CLOUD_ECS_METADATA_DISABLED, ALIBABA_CLOUD_ECS_METADATA_ENDPOINT",
        "the instance's role, and whether and where to ask for it",
    ),
];

const ALICLOUD: Manual = Manual {
    command: "alicloud",
    examples: &[
        (
            "Last week's bill by product, to a broker",
            "billing-pull alicloud --date last-7-days --target https://broker.example.com/bills",
        ),
        (
            "What each account of the group used in a month",
            "billing-pull alicloud --date 2026-03 --granularity monthly --group-by owner",
        ),
        (
            "The international site's bill",
            "billing-pull alicloud --endpoint business.ap-southeast-1.aliyuncs.com",
        ),
    ],
    environment: ALIBABA,
    files: ALIBABA_FILES,
};

const BAIDU: Manual = Manual {
    command: "baidu",
    examples: &[
        (
            "Yesterday's bill by product",
            "billing-pull baidu | jq -s 'group_by(.data.serviceType)[] | {serviceType: .[0].data.serviceType, rows: length}'",
        ),
        (
            "Last month as Baidu sums it up, what was paid for afterwards only",
            "billing-pull baidu --date last-month --granularity monthly --product-type postpay",
        ),
    ],
    environment: &[
        (
            "BCE_ACCESS_KEY_ID, BCE_SECRET_ACCESS_KEY, BCE_SESSION_TOKEN",
            "keys, under the names of Baidu's SDKs",
        ),
        (
            "BAIDUCLOUD_ACCESS_KEY, BAIDUCLOUD_SECRET_KEY, BAIDUCLOUD_SESSION_TOKEN",
            "keys, under the names of its Terraform provider",
        ),
    ],
    files: &[],
};

const ALICLOUD_OSS: Manual = Manual {
    command: "alicloud-oss",
    examples: &[
        (
            "Every billing line of last month, from the bucket that the subscription fills",
            "billing-pull alicloud-oss --bucket my-bills --region cn-hangzhou --date last-month --granularity monthly",
        ),
        (
            "Whether the bucket can be read, what fills it, and how old its newest file is",
            "billing-pull alicloud-oss --bucket my-bills --region cn-hangzhou --check",
        ),
        (
            "Bill files on this machine, without an account",
            "billing-pull alicloud-oss 1690000000000000_BillingItemDetail_202406.zip",
        ),
    ],
    environment: ALIBABA,
    files: ALIBABA_FILES,
};

const ALICLOUD_SUBSCRIBE: Manual = Manual {
    command: "alicloud-subscribe",
    examples: &[
        ("What is subscribed", "billing-pull alicloud-subscribe --list"),
        (
            "Have each day's billing lines pushed into a bucket",
            "billing-pull alicloud-subscribe --bucket my-bills --type BillingItemDetailForBillingPeriod --path bill-data",
        ),
        (
            "End it",
            "billing-pull alicloud-subscribe --remove --type BillingItemDetailForBillingPeriod",
        ),
    ],
    environment: ALIBABA,
    files: ALIBABA_FILES,
};

const JOURNAL: Manual = Manual {
    command: "journal",
    examples: &[("See whether a journal is sound", "billing-pull journal verify bills.ndjson")],
    environment: &[],
    files: &[],
};

const JOURNAL_VERIFY: Manual = Manual {
    command: "journal verify",
    examples: &[(
        "Check every line, and see what it holds by cloud and window",
        "billing-pull journal verify bills.ndjson",
    )],
    environment: &[],
    files: &[],
};

const JOURNAL_COMPACT: Manual = Manual {
    command: "journal compact",
    examples: &[(
        "Keep only what was last said of each subject",
        "billing-pull journal compact bills.ndjson",
    )],
    environment: &[],
    files: &[],
};

/// What the manual says of this command.
pub fn of(command: &str) -> Option<&'static Manual> {
    MANUALS.iter().find(|manual| manual.command == command)
}

/// Shows each command's examples under its `--help`; `words` call `command`.
pub(crate) fn annotate(words: &str, command: clap::Command) -> clap::Command {
    command.mut_subcommands(|inner| {
        let words = format!("{words} {}", inner.get_name());
        let words = words.trim_start();
        let inner = annotate(words, inner);
        match of(words) {
            Some(manual) => inner.after_long_help(examples(manual)),
            None => inner,
        }
    })
}

fn examples(manual: &Manual) -> String {
    let lines = manual.examples.iter().map(|(what, how)| format!("\n  {what}:\n    {how}\n"));
    let lines: String = lines.collect();
    format!("Examples:{lines}\nThe exit status is explained by billing-pull --help.")
}
