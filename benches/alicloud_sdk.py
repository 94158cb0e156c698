"""The loop over pages that people write around the vendor's SDK: `alicloud_sdk.py HOST:PORT DAY` prints every item.

Needs `pip install alibabacloud_bssopenapi20171214`.
"""
import json
import sys

from alibabacloud_bssopenapi20171214.client import Client
from alibabacloud_bssopenapi20171214.models import QueryAccountBillRequest
from alibabacloud_tea_openapi.models import Config

endpoint, day = sys.argv[1:]
client = Client(Config(access_key_id="DEMOACCESSKEYID", access_key_secret="demo/secret+access/key",
                       endpoint=endpoint, protocol="http"))
page, read = 1, 0
while True:
    body = client.query_account_bill(QueryAccountBillRequest(
        billing_cycle=day[:7], billing_date=day, granularity="DAILY", is_group_by_product=True,
        page_num=page, page_size=300)).body
    items = body.data.items.item
    for item in items:
        print(json.dumps(item.to_map(), ensure_ascii=False))
    page, read = page + 1, read + len(items)
    if read >= body.data.total_count or not items:
        break
