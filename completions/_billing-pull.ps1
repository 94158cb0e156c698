
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'billing-pull' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'billing-pull'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'billing-pull' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('aws', 'aws', [CompletionResultType]::ParameterValue, 'Pull the AWS bill: the cost of one service on one day, by Cost Explorer (each request costs $0.01)')
            [CompletionResult]::new('alicloud', 'alicloud', [CompletionResultType]::ParameterValue, 'Pull the Alibaba Cloud bill: the bill of one product on one day, by QueryAccountBill')
            [CompletionResult]::new('baidu', 'baidu', [CompletionResultType]::ParameterValue, 'Pull the Baidu AI Cloud bill: one resource on one day or in one month, by GetResourceMonthBill (free)')
            [CompletionResult]::new('alicloud-oss', 'alicloud-oss', [CompletionResultType]::ParameterValue, 'Read Alibaba Cloud''s bill files: every line of a bill, from a bucket or from local files')
            [CompletionResult]::new('alicloud-subscribe', 'alicloud-subscribe', [CompletionResultType]::ParameterValue, 'Manage the subscription that fills a bucket with Alibaba Cloud''s bill files; it pulls nothing')
            [CompletionResult]::new('journal', 'journal', [CompletionResultType]::ParameterValue, 'Look after a journal, the file of --journal')
            break
        }
        'billing-pull;aws' {
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, since-journal, settling. A day is one of the cloud''s bill (AWS: UTC)')
            [CompletionResult]::new('--granularity', '--granularity', [CompletionResultType]::ParameterName, 'One row per day, or per month (the window widens to whole months)')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]')
            [CompletionResult]::new('--content-mode', '--content-mode', [CompletionResultType]::ParameterName, 'How an event is put into a request')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'The account that this bill belongs to, where the cloud''s answer does not say')
            [CompletionResult]::new('--journal', '--journal', [CompletionResultType]::ParameterName, 'Keep what was delivered in this NDJSON file: a rerun sends only what is new or changed, and takes back what is gone')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files')
            [CompletionResult]::new('--shards', '--shards', [CompletionResultType]::ParameterName, 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'A limit on the whole run')
            [CompletionResult]::new('--max-requests', '--max-requests', [CompletionResultType]::ParameterName, 'Stop before request N+1 to the billing API (a retry is a request)')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Requests in flight: pages where the API allows it, posts to the target')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Events in one request of --content-mode batch (256 KiB a request at most)')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'API to call instead of the cloud''s own; without a scheme https is meant')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest wait without progress: connecting, for an answer, between two reads')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'Further tries per request')
            [CompletionResult]::new('--retry-delay', '--retry-delay', [CompletionResultType]::ParameterName, 'Upper bound of the pause before the first retry; it doubles with each')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How to write log lines')
            [CompletionResult]::new('--metric', '--metric', [CompletionResultType]::ParameterName, 'Cost metric (repeatable): UnblendedCost, AmortizedCost, NetUnblendedCost, NetAmortizedCost, BlendedCost, UsageQuantity, NormalizedUsageAmount. The first one is `amount`')
            [CompletionResult]::new('--group-by', '--group-by', [CompletionResultType]::ParameterName, 'Group by this dimension (up to two), such as SERVICE, LINKED_ACCOUNT, REGION, USAGE_TYPE, TAG:team or COST_CATEGORY:name')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only what this Cost Explorer expression selects (JSON, passed through)')
            [CompletionResult]::new('--exclude-record-type', '--exclude-record-type', [CompletionResultType]::ParameterName, 'Leave out this record type, such as Credit, Refund or Tax (repeatable)')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Credentials from this profile of ~/.aws/config and ~/.aws/credentials')
            [CompletionResult]::new('--allow-mass-retraction', '--allow-mass-retraction', [CompletionResultType]::ParameterName, 'Take back more than half of a day''s rows if the answer lacks them')
            [CompletionResult]::new('--fail-if-empty', '--fail-if-empty', [CompletionResultType]::ParameterName, 'Exit 8 when the window holds no row')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Test credentials, permission and clock, and pull nothing')
            [CompletionResult]::new('--check-target', '--check-target', [CompletionResultType]::ParameterName, 'The same, and send the target one event of type billing-pull.check')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in sample cloud: no account, no network')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say which requests would be made and what they would cost; make none')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Every request, every retry, every source of credentials')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Every request, every retry, every source of credentials')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'billing-pull;alicloud' {
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, since-journal, settling. A day is one of the cloud''s bill (AWS: UTC)')
            [CompletionResult]::new('--granularity', '--granularity', [CompletionResultType]::ParameterName, 'One row per day, or per month (the window widens to whole months)')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]')
            [CompletionResult]::new('--content-mode', '--content-mode', [CompletionResultType]::ParameterName, 'How an event is put into a request')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'The account that this bill belongs to, where the cloud''s answer does not say')
            [CompletionResult]::new('--journal', '--journal', [CompletionResultType]::ParameterName, 'Keep what was delivered in this NDJSON file: a rerun sends only what is new or changed, and takes back what is gone')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files')
            [CompletionResult]::new('--shards', '--shards', [CompletionResultType]::ParameterName, 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'A limit on the whole run')
            [CompletionResult]::new('--max-requests', '--max-requests', [CompletionResultType]::ParameterName, 'Stop before request N+1 to the billing API (a retry is a request)')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Requests in flight: pages where the API allows it, posts to the target')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Events in one request of --content-mode batch (256 KiB a request at most)')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'API to call instead of the cloud''s own; without a scheme https is meant')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest wait without progress: connecting, for an answer, between two reads')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'Further tries per request')
            [CompletionResult]::new('--retry-delay', '--retry-delay', [CompletionResultType]::ParameterName, 'Upper bound of the pause before the first retry; it doubles with each')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How to write log lines')
            [CompletionResult]::new('--group-by', '--group-by', [CompletionResultType]::ParameterName, 'What one row is the sum of')
            [CompletionResult]::new('--product-code', '--product-code', [CompletionResultType]::ParameterName, 'Only this product, such as ecs or rds')
            [CompletionResult]::new('--bill-owner-id', '--bill-owner-id', [CompletionResultType]::ParameterName, 'Only what this account uses: its number')
            [CompletionResult]::new('--signature', '--signature', [CompletionResultType]::ParameterName, 'How requests are signed')
            [CompletionResult]::new('--allow-mass-retraction', '--allow-mass-retraction', [CompletionResultType]::ParameterName, 'Take back more than half of a day''s rows if the answer lacks them')
            [CompletionResult]::new('--fail-if-empty', '--fail-if-empty', [CompletionResultType]::ParameterName, 'Exit 8 when the window holds no row')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Test credentials, permission and clock, and pull nothing')
            [CompletionResult]::new('--check-target', '--check-target', [CompletionResultType]::ParameterName, 'The same, and send the target one event of type billing-pull.check')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in sample cloud: no account, no network')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say which requests would be made and what they would cost; make none')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Every request, every retry, every source of credentials')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Every request, every retry, every source of credentials')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'billing-pull;baidu' {
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, since-journal, settling. A day is one of the cloud''s bill (AWS: UTC)')
            [CompletionResult]::new('--granularity', '--granularity', [CompletionResultType]::ParameterName, 'One row per day, or per month (the window widens to whole months)')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]')
            [CompletionResult]::new('--content-mode', '--content-mode', [CompletionResultType]::ParameterName, 'How an event is put into a request')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'The account that this bill belongs to, where the cloud''s answer does not say')
            [CompletionResult]::new('--journal', '--journal', [CompletionResultType]::ParameterName, 'Keep what was delivered in this NDJSON file: a rerun sends only what is new or changed, and takes back what is gone')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files')
            [CompletionResult]::new('--shards', '--shards', [CompletionResultType]::ParameterName, 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'A limit on the whole run')
            [CompletionResult]::new('--max-requests', '--max-requests', [CompletionResultType]::ParameterName, 'Stop before request N+1 to the billing API (a retry is a request)')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Requests in flight: pages where the API allows it, posts to the target')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Events in one request of --content-mode batch (256 KiB a request at most)')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'API to call instead of the cloud''s own; without a scheme https is meant')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest wait without progress: connecting, for an answer, between two reads')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'Further tries per request')
            [CompletionResult]::new('--retry-delay', '--retry-delay', [CompletionResultType]::ParameterName, 'Upper bound of the pause before the first retry; it doubles with each')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How to write log lines')
            [CompletionResult]::new('--product-type', '--product-type', [CompletionResultType]::ParameterName, 'Only what is paid for in this way [default: both]')
            [CompletionResult]::new('--service-type', '--service-type', [CompletionResultType]::ParameterName, 'Only this product, such as BCC or BOS')
            [CompletionResult]::new('--query-account-id', '--query-account-id', [CompletionResultType]::ParameterName, 'The bill of this member account; for the master account of an enterprise organization')
            [CompletionResult]::new('--allow-mass-retraction', '--allow-mass-retraction', [CompletionResultType]::ParameterName, 'Take back more than half of a day''s rows if the answer lacks them')
            [CompletionResult]::new('--fail-if-empty', '--fail-if-empty', [CompletionResultType]::ParameterName, 'Exit 8 when the window holds no row')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Test credentials, permission and clock, and pull nothing')
            [CompletionResult]::new('--check-target', '--check-target', [CompletionResultType]::ParameterName, 'The same, and send the target one event of type billing-pull.check')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in sample cloud: no account, no network')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say which requests would be made and what they would cost; make none')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Every request, every retry, every source of credentials')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Every request, every retry, every source of credentials')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'billing-pull;alicloud-oss' {
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Days of the bill: yesterday, today, YYYY-MM-DD, YYYY-MM, FROM..TO, last-N-days, this-month, last-month, since-journal, settling. A day is one of the cloud''s bill (AWS: UTC)')
            [CompletionResult]::new('--granularity', '--granularity', [CompletionResultType]::ParameterName, 'One row per day, or per month (the window widens to whole months)')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'POST CloudEvents to this URL; - is stdout. K_SINK counts too [env: BILLING_PULL_TARGET, K_SINK]')
            [CompletionResult]::new('--content-mode', '--content-mode', [CompletionResultType]::ParameterName, 'How an event is put into a request')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'The account that this bill belongs to, where the cloud''s answer does not say')
            [CompletionResult]::new('--journal', '--journal', [CompletionResultType]::ParameterName, 'Keep what was delivered in this NDJSON file: a rerun sends only what is new or changed, and takes back what is gone')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'One of N disjoint parts of the window, I from 0, for N runs on as many machines: blocks of days, or whole bill files')
            [CompletionResult]::new('--shards', '--shards', [CompletionResultType]::ParameterName, 'The same in a Kubernetes Indexed Job, whose pods know their I [env: JOB_COMPLETION_INDEX]')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'A limit on the whole run')
            [CompletionResult]::new('--max-requests', '--max-requests', [CompletionResultType]::ParameterName, 'Stop before request N+1 to the billing API (a retry is a request)')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Requests in flight: pages where the API allows it, posts to the target')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Events in one request of --content-mode batch (256 KiB a request at most)')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'API to call instead of the cloud''s own; without a scheme https is meant')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest wait without progress: connecting, for an answer, between two reads')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'Further tries per request')
            [CompletionResult]::new('--retry-delay', '--retry-delay', [CompletionResultType]::ParameterName, 'Upper bound of the pause before the first retry; it doubles with each')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How to write log lines')
            [CompletionResult]::new('--bucket', '--bucket', [CompletionResultType]::ParameterName, 'The bucket that the bill subscription fills')
            [CompletionResult]::new('--prefix', '--prefix', [CompletionResultType]::ParameterName, 'Only keys that start with this, such as bill-data/')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'Where the bucket lives, such as cn-hangzhou; an --endpoint may say it too')
            [CompletionResult]::new('--file-type', '--file-type', [CompletionResultType]::ParameterName, 'Which bill, by the name of its files or of the subscription: BillingItemDetail, InstanceDetail, BillingItemDetailMonthly, InstanceDetailMonthly, SplitItemDetailDaily, consumeDetailBillV2 [default: BillingItemDetail]')
            [CompletionResult]::new('--allow-mass-retraction', '--allow-mass-retraction', [CompletionResultType]::ParameterName, 'Take back more than half of a day''s rows if the answer lacks them')
            [CompletionResult]::new('--fail-if-empty', '--fail-if-empty', [CompletionResultType]::ParameterName, 'Exit 8 when the window holds no row')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Test credentials, permission and clock, and pull nothing')
            [CompletionResult]::new('--check-target', '--check-target', [CompletionResultType]::ParameterName, 'The same, and send the target one event of type billing-pull.check')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in sample cloud: no account, no network')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say which requests would be made and what they would cost; make none')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Every request, every retry, every source of credentials')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Every request, every retry, every source of credentials')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'billing-pull;alicloud-subscribe' {
            [CompletionResult]::new('--bucket', '--bucket', [CompletionResultType]::ParameterName, 'The bucket to fill')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'Which bill: BillingItemDetailForBillingPeriod, InstanceDetailForBillingPeriod, BillingItemDetailMonthly, InstanceDetailMonthly, SplitItemDetailDaily or MonthBill (PDF)')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'The folder in the bucket, such as bill-data/ [default: none]')
            [CompletionResult]::new('--begin', '--begin', [CompletionResultType]::ParameterName, 'Push bills from this month on, a year back at most; not for MonthBill')
            [CompletionResult]::new('--row-limit', '--row-limit', [CompletionResultType]::ParameterName, 'Split a file with more rows than this; the parts come as a ZIP')
            [CompletionResult]::new('--accounts', '--accounts', [CompletionResultType]::ParameterName, 'Whose bills: MA (this account and those linked to it), ACP1 (a partner''s sub-accounts) [default: MA]')
            [CompletionResult]::new('--bucket-owner', '--bucket-owner', [CompletionResultType]::ParameterName, 'The account that owns the bucket, if a distributor fills a sub-account''s')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings [env: CONNECTOR_CONFIG] [default: /vance/config/config.yml if it exists]')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Keys [env: CONNECTOR_SECRET] [default: /vance/secret/secret.yml if it exists]')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'API to call instead of the cloud''s own; without a scheme https is meant')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest wait without progress: connecting, for an answer, between two reads')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'Further tries per request')
            [CompletionResult]::new('--retry-delay', '--retry-delay', [CompletionResultType]::ParameterName, 'Upper bound of the pause before the first retry; it doubles with each')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How to write log lines')
            [CompletionResult]::new('--ssl', '--ssl', [CompletionResultType]::ParameterName, 'Have the files pushed by TLS')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'Show what is subscribed: a table on a terminal, else a line of JSON for each')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'End the subscription of --type')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in sample cloud: no account, no network')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say which requests would be made and what they would cost; make none')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Every request, every retry, every source of credentials')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Every request, every retry, every source of credentials')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'billing-pull;journal' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check every line of it, and say what it holds by cloud and window')
            [CompletionResult]::new('compact', 'compact', [CompletionResultType]::ParameterValue, 'Rewrite it with only what was last said of each subject')
            break
        }
        'billing-pull;journal;verify' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'billing-pull;journal;compact' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
