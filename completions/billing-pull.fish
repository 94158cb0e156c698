# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_billing_pull_global_optspecs
    string join \n h/help V/version
end

function __fish_billing_pull_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_billing_pull_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_billing_pull_using_subcommand
    set -l cmd (__fish_billing_pull_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c billing-pull -n "__fish_billing_pull_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c billing-pull -n "__fish_billing_pull_needs_command" -s V -l version -d 'Print version'
complete -c billing-pull -n "__fish_billing_pull_needs_command" -f -a "aws" -d 'Pull the AWS bill: the cost of one service on one day, by Cost Explorer (each request costs $0.01)'
complete -c billing-pull -n "__fish_billing_pull_needs_command" -f -a "alicloud" -d 'Pull the Alibaba Cloud bill: the bill of one product on one day, by QueryAccountBill'
complete -c billing-pull -n "__fish_billing_pull_needs_command" -f -a "baidu" -d 'Pull the Baidu AI Cloud bill: one resource on one day or in one month, by GetResourceMonthBill (free)'
complete -c billing-pull -n "__fish_billing_pull_needs_command" -f -a "alicloud-oss" -d 'Read Alibaba Cloud\'s bill files: every line of a bill, from a bucket or from local files'
complete -c billing-pull -n "__fish_billing_pull_needs_command" -f -a "alicloud-subscribe" -d 'Manage the subscription that fills a bucket with Alibaba Cloud\'s bill files; it pulls nothing'
complete -c billing-pull -n "__fish_billing_pull_needs_command" -f -a "journal" -d 'Look after a journal, the file of --journal'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l date -d 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, since-journal, settling. A day is one of the cloud\'s bill (AWS: UTC)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l granularity -d 'One row per day, or per month (the window widens to whole months)' -r -f -a "daily\t'One row per day'
monthly\t'One row per calendar month'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l target -d 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l content-mode -d 'How an event is put into a request' -r -f -a "structured\t'One event, attributes and data, as JSON'
binary\t'The data as the body, attributes as headers'
batch\t'Several events in a JSON array, for targets that ask for it'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l account -d 'The account that this bill belongs to, where the cloud\'s answer does not say' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l journal -d 'Keep what was delivered in this NDJSON file: a rerun sends only what is new or changed, and takes back what is gone' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l shard -d 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l shards -d 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l deadline -d 'A limit on the whole run' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l max-requests -d 'Stop before request N+1 to the billing API (a retry is a request)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l concurrency -d 'Requests in flight: pages where the API allows it, posts to the target' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l batch-size -d 'Events in one request of --content-mode batch (256 KiB a request at most)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l config -d 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l secret -d 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l endpoint -d 'API to call instead of the cloud\'s own; without a scheme https is meant' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l timeout -d 'Longest wait without progress: connecting, for an answer, between two reads' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l retries -d 'Further tries per request' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l retry-delay -d 'Upper bound of the pause before the first retry; it doubles with each' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l log-format -d 'How to write log lines' -r -f -a "text\t'For people: one line a message'
json\t'For machines: one JSON object a message'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l metric -d 'Cost metric (repeatable): UnblendedCost, AmortizedCost, NetUnblendedCost, NetAmortizedCost, BlendedCost, UsageQuantity, NormalizedUsageAmount. The first one is `amount`' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l group-by -d 'Group by this dimension (up to two), such as SERVICE, LINKED_ACCOUNT, REGION, USAGE_TYPE, TAG:team or COST_CATEGORY:name' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l filter -d 'Only what this Cost Explorer expression selects (JSON, passed through)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l exclude-record-type -d 'Leave out this record type, such as Credit, Refund or Tax (repeatable)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l profile -d 'Credentials from this profile of ~/.aws/config and ~/.aws/credentials' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l allow-mass-retraction -d 'Take back more than half of a day\'s rows if the answer lacks them'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l fail-if-empty -d 'Exit 8 when the window holds no row'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l check -d 'Test credentials, permission and clock, and pull nothing'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l check-target -d 'The same, and send the target one event of type billing-pull.check'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l demo -d 'Use the built-in sample cloud: no account, no network'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -l dry-run -d 'Say which requests would be made and what they would cost; make none'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -s q -l quiet -d 'Errors only'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -s v -l verbose -d 'Every request, every retry, every source of credentials'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand aws" -s V -l version -d 'Print version'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l date -d 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, since-journal, settling. A day is one of the cloud\'s bill (AWS: UTC)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l granularity -d 'One row per day, or per month (the window widens to whole months)' -r -f -a "daily\t'One row per day'
monthly\t'One row per calendar month'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l target -d 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l content-mode -d 'How an event is put into a request' -r -f -a "structured\t'One event, attributes and data, as JSON'
binary\t'The data as the body, attributes as headers'
batch\t'Several events in a JSON array, for targets that ask for it'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l account -d 'The account that this bill belongs to, where the cloud\'s answer does not say' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l journal -d 'Keep what was delivered in this NDJSON file: a rerun sends only what is new or changed, and takes back what is gone' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l shard -d 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l shards -d 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l deadline -d 'A limit on the whole run' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l max-requests -d 'Stop before request N+1 to the billing API (a retry is a request)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l concurrency -d 'Requests in flight: pages where the API allows it, posts to the target' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l batch-size -d 'Events in one request of --content-mode batch (256 KiB a request at most)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l config -d 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l secret -d 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l endpoint -d 'API to call instead of the cloud\'s own; without a scheme https is meant' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l timeout -d 'Longest wait without progress: connecting, for an answer, between two reads' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l retries -d 'Further tries per request' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l retry-delay -d 'Upper bound of the pause before the first retry; it doubles with each' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l log-format -d 'How to write log lines' -r -f -a "text\t'For people: one line a message'
json\t'For machines: one JSON object a message'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l group-by -d 'What one row is the sum of' -r -f -a "product\t'One product of one account'
owner\t'One account'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l product-code -d 'Only this product, such as ecs or rds' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l bill-owner-id -d 'Only what this account uses: its number' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l signature -d 'How requests are signed' -r -f -a "v3\t'ACS3-HMAC-SHA256: keys and tokens stay out of the URL'
v1\t'HMAC-SHA1, which the vendor no longer recommends'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l allow-mass-retraction -d 'Take back more than half of a day\'s rows if the answer lacks them'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l fail-if-empty -d 'Exit 8 when the window holds no row'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l check -d 'Test credentials, permission and clock, and pull nothing'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l check-target -d 'The same, and send the target one event of type billing-pull.check'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l demo -d 'Use the built-in sample cloud: no account, no network'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -l dry-run -d 'Say which requests would be made and what they would cost; make none'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -s q -l quiet -d 'Errors only'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -s v -l verbose -d 'Every request, every retry, every source of credentials'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud" -s V -l version -d 'Print version'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l date -d 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, since-journal, settling. A day is one of the cloud\'s bill (AWS: UTC)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l granularity -d 'One row per day, or per month (the window widens to whole months)' -r -f -a "daily\t'One row per day'
monthly\t'One row per calendar month'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l target -d 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l content-mode -d 'How an event is put into a request' -r -f -a "structured\t'One event, attributes and data, as JSON'
binary\t'The data as the body, attributes as headers'
batch\t'Several events in a JSON array, for targets that ask for it'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l account -d 'The account that this bill belongs to, where the cloud\'s answer does not say' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l journal -d 'Keep what was delivered in this NDJSON file: a rerun sends only what is new or changed, and takes back what is gone' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l shard -d 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l shards -d 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l deadline -d 'A limit on the whole run' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l max-requests -d 'Stop before request N+1 to the billing API (a retry is a request)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l concurrency -d 'Requests in flight: pages where the API allows it, posts to the target' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l batch-size -d 'Events in one request of --content-mode batch (256 KiB a request at most)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l config -d 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l secret -d 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l endpoint -d 'API to call instead of the cloud\'s own; without a scheme https is meant' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l timeout -d 'Longest wait without progress: connecting, for an answer, between two reads' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l retries -d 'Further tries per request' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l retry-delay -d 'Upper bound of the pause before the first retry; it doubles with each' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l log-format -d 'How to write log lines' -r -f -a "text\t'For people: one line a message'
json\t'For machines: one JSON object a message'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l product-type -d 'Only what is paid for in this way [default: both]' -r -f -a "prepay\t'Before it is used'
postpay\t'As it was used'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l service-type -d 'Only this product, such as BCC or BOS' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l query-account-id -d 'The bill of this member account; for the master account of an enterprise organization' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l allow-mass-retraction -d 'Take back more than half of a day\'s rows if the answer lacks them'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l fail-if-empty -d 'Exit 8 when the window holds no row'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l check -d 'Test credentials, permission and clock, and pull nothing'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l check-target -d 'The same, and send the target one event of type billing-pull.check'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l demo -d 'Use the built-in sample cloud: no account, no network'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -l dry-run -d 'Say which requests would be made and what they would cost; make none'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -s q -l quiet -d 'Errors only'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -s v -l verbose -d 'Every request, every retry, every source of credentials'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand baidu" -s V -l version -d 'Print version'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l date -d 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, since-journal, settling. A day is one of the cloud\'s bill (AWS: UTC)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l granularity -d 'One row per day, or per month (the window widens to whole months)' -r -f -a "daily\t'One row per day'
monthly\t'One row per calendar month'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l target -d 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l content-mode -d 'How an event is put into a request' -r -f -a "structured\t'One event, attributes and data, as JSON'
binary\t'The data as the body, attributes as headers'
batch\t'Several events in a JSON array, for targets that ask for it'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l account -d 'The account that this bill belongs to, where the cloud\'s answer does not say' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l journal -d 'Keep what was delivered in this NDJSON file: a rerun sends only what is new or changed, and takes back what is gone' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l shard -d 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l shards -d 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l deadline -d 'A limit on the whole run' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l max-requests -d 'Stop before request N+1 to the billing API (a retry is a request)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l concurrency -d 'Requests in flight: pages where the API allows it, posts to the target' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l batch-size -d 'Events in one request of --content-mode batch (256 KiB a request at most)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l config -d 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l secret -d 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l endpoint -d 'API to call instead of the cloud\'s own; without a scheme https is meant' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l timeout -d 'Longest wait without progress: connecting, for an answer, between two reads' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l retries -d 'Further tries per request' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l retry-delay -d 'Upper bound of the pause before the first retry; it doubles with each' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l log-format -d 'How to write log lines' -r -f -a "text\t'For people: one line a message'
json\t'For machines: one JSON object a message'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l bucket -d 'The bucket that the bill subscription fills' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l prefix -d 'Only keys that start with this, such as bill-data/' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l region -d 'Where the bucket lives, such as cn-hangzhou; an --endpoint may say it too' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l file-type -d 'Which bill, by the name of its files or of the subscription: BillingItemDetail, InstanceDetail, BillingItemDetailMonthly, InstanceDetailMonthly, SplitItemDetailDaily, consumeDetailBillV2 [default: BillingItemDetail]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l allow-mass-retraction -d 'Take back more than half of a day\'s rows if the answer lacks them'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l fail-if-empty -d 'Exit 8 when the window holds no row'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l check -d 'Test credentials, permission and clock, and pull nothing'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l check-target -d 'The same, and send the target one event of type billing-pull.check'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l demo -d 'Use the built-in sample cloud: no account, no network'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -l dry-run -d 'Say which requests would be made and what they would cost; make none'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -s q -l quiet -d 'Errors only'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -s v -l verbose -d 'Every request, every retry, every source of credentials'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-oss" -s V -l version -d 'Print version'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l bucket -d 'The bucket to fill' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l type -d 'Which bill: BillingItemDetailForBillingPeriod, InstanceDetailForBillingPeriod, BillingItemDetailMonthly, InstanceDetailMonthly, SplitItemDetailDaily or MonthBill (PDF)' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l path -d 'The folder in the bucket, such as bill-data/ [default: none]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l begin -d 'Push bills from this month on, a year back at most; not for MonthBill' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l row-limit -d 'Split a file with more rows than this; the parts come as a ZIP' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l accounts -d 'Whose bills: MA (this account and those linked to it), ACP1 (a partner\'s sub-accounts) [default: MA]' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l bucket-owner -d 'The account that owns the bucket, if a distributor fills a sub-account\'s' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l config -d 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l secret -d 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]' -r -F
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l endpoint -d 'API to call instead of the cloud\'s own; without a scheme https is meant' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l timeout -d 'Longest wait without progress: connecting, for an answer, between two reads' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l retries -d 'Further tries per request' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l retry-delay -d 'Upper bound of the pause before the first retry; it doubles with each' -r -f
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l log-format -d 'How to write log lines' -r -f -a "text\t'For people: one line a message'
json\t'For machines: one JSON object a message'"
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l ssl -d 'Have the files pushed by TLS'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l list -d 'Show what is subscribed: a table on a terminal, else a line of JSON for each'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l remove -d 'End the subscription of --type'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l demo -d 'Use the built-in sample cloud: no account, no network'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -l dry-run -d 'Say which requests would be made and what they would cost; make none'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -s q -l quiet -d 'Errors only'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -s v -l verbose -d 'Every request, every retry, every source of credentials'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand alicloud-subscribe" -s V -l version -d 'Print version'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand journal; and not __fish_seen_subcommand_from verify compact" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand journal; and not __fish_seen_subcommand_from verify compact" -s V -l version -d 'Print version'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand journal; and not __fish_seen_subcommand_from verify compact" -f -a "verify" -d 'Check every line of it, and say what it holds by cloud and window'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand journal; and not __fish_seen_subcommand_from verify compact" -f -a "compact" -d 'Rewrite it with only what was last said of each subject'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand journal; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand journal; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand journal; and __fish_seen_subcommand_from compact" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c billing-pull -n "__fish_billing_pull_using_subcommand journal; and __fish_seen_subcommand_from compact" -s V -l version -d 'Print version'
