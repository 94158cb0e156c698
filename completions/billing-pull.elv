
use builtin;
use str;

set edit:completion:arg-completer[billing-pull] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'billing-pull'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'billing-pull'= {
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand aws 'Pull the AWS bill: the cost of one service on one day, by Cost Explorer (each request costs $0.01)'
            cand alicloud 'Pull the Alibaba Cloud bill: the bill of one product on one day, by QueryAccountBill'
            cand baidu 'Pull the Baidu AI Cloud bill: one resource on one day or in one month, by GetResourceMonthBill (free)'
        }
        &'billing-pull;aws'= {
            cand --date 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, settling. A day is one of the cloud''s bill (AWS: UTC)'
            cand --granularity 'One row per day, or per month (the window widens to whole months)'
            cand --target 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]'
            cand --content-mode 'How an event is put into a request'
            cand --config 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]'
            cand --secret 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]'
            cand --endpoint 'API to call instead of the cloud''s own; without a scheme https is meant'
            cand --account 'The account that this bill belongs to, where the cloud''s answer does not say'
            cand --shard 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files'
            cand --shards 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]'
            cand --deadline 'A limit on the whole run'
            cand --max-requests 'Stop before request N+1 to the billing API (a retry is a request)'
            cand --concurrency 'Requests in flight: pages where the API allows it, posts to the target'
            cand --batch-size 'Events in one request of --content-mode batch (256 KiB a request at most)'
            cand --timeout 'Longest wait without progress: connecting, for an answer, between two reads'
            cand --retries 'Further tries per request'
            cand --retry-delay 'Upper bound of the pause before the first retry; it doubles with each'
            cand --log-format 'How to write log lines'
            cand --metric 'Cost metric (repeatable): UnblendedCost, AmortizedCost, NetUnblendedCost, NetAmortizedCost, BlendedCost, UsageQuantity, NormalizedUsageAmount. The first one is `amount`'
            cand --group-by 'Group by this dimension (up to two), such as SERVICE, LINKED_ACCOUNT, REGION, USAGE_TYPE, TAG:team or COST_CATEGORY:name'
            cand --filter 'Only what this Cost Explorer expression selects (JSON, passed through)'
            cand --exclude-record-type 'Leave out this record type, such as Credit, Refund or Tax (repeatable)'
            cand --profile 'Credentials from this profile of ~/.aws/config and ~/.aws/credentials'
            cand --demo 'Use the built-in sample cloud: no account, no network'
            cand --dry-run 'Say which requests would be made and what they would cost; make none'
            cand --fail-if-empty 'Exit 8 when the window holds no row'
            cand -q 'Errors only'
            cand --quiet 'Errors only'
            cand -v 'Every request, every retry, every source of credentials'
            cand --verbose 'Every request, every retry, every source of credentials'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'billing-pull;alicloud'= {
            cand --date 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, settling. A day is one of the cloud''s bill (AWS: UTC)'
            cand --granularity 'One row per day, or per month (the window widens to whole months)'
            cand --target 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]'
            cand --content-mode 'How an event is put into a request'
            cand --config 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]'
            cand --secret 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]'
            cand --endpoint 'API to call instead of the cloud''s own; without a scheme https is meant'
            cand --account 'The account that this bill belongs to, where the cloud''s answer does not say'
            cand --shard 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files'
            cand --shards 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]'
            cand --deadline 'A limit on the whole run'
            cand --max-requests 'Stop before request N+1 to the billing API (a retry is a request)'
            cand --concurrency 'Requests in flight: pages where the API allows it, posts to the target'
            cand --batch-size 'Events in one request of --content-mode batch (256 KiB a request at most)'
            cand --timeout 'Longest wait without progress: connecting, for an answer, between two reads'
            cand --retries 'Further tries per request'
            cand --retry-delay 'Upper bound of the pause before the first retry; it doubles with each'
            cand --log-format 'How to write log lines'
            cand --group-by 'What one row is the sum of'
            cand --product-code 'Only this product, such as ecs or rds'
            cand --bill-owner-id 'Only what this account uses: its number'
            cand --signature 'How requests are signed'
            cand --demo 'Use the built-in sample cloud: no account, no network'
            cand --dry-run 'Say which requests would be made and what they would cost; make none'
            cand --fail-if-empty 'Exit 8 when the window holds no row'
            cand -q 'Errors only'
            cand --quiet 'Errors only'
            cand -v 'Every request, every retry, every source of credentials'
            cand --verbose 'Every request, every retry, every source of credentials'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'billing-pull;baidu'= {
            cand --date 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, settling. A day is one of the cloud''s bill (AWS: UTC)'
            cand --granularity 'One row per day, or per month (the window widens to whole months)'
            cand --target 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]'
            cand --content-mode 'How an event is put into a request'
            cand --config 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]'
            cand --secret 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]'
            cand --endpoint 'API to call instead of the cloud''s own; without a scheme https is meant'
            cand --account 'The account that this bill belongs to, where the cloud''s answer does not say'
            cand --shard 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files'
            cand --shards 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]'
            cand --deadline 'A limit on the whole run'
            cand --max-requests 'Stop before request N+1 to the billing API (a retry is a request)'
            cand --concurrency 'Requests in flight: pages where the API allows it, posts to the target'
            cand --batch-size 'Events in one request of --content-mode batch (256 KiB a request at most)'
            cand --timeout 'Longest wait without progress: connecting, for an answer, between two reads'
            cand --retries 'Further tries per request'
            cand --retry-delay 'Upper bound of the pause before the first retry; it doubles with each'
            cand --log-format 'How to write log lines'
            cand --product-type 'Only what is paid for in this way [default: both]'
            cand --service-type 'Only this product, such as BCC or BOS'
            cand --query-account-id 'The bill of this member account; for the master account of an enterprise organization'
            cand --demo 'Use the built-in sample cloud: no account, no network'
            cand --dry-run 'Say which requests would be made and what they would cost; make none'
            cand --fail-if-empty 'Exit 8 when the window holds no row'
            cand -q 'Errors only'
            cand --quiet 'Errors only'
            cand -v 'Every request, every retry, every source of credentials'
            cand --verbose 'Every request, every retry, every source of credentials'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
    ]
    $completions[$command]
}
