// Takes posts and reads them with the official JavaScript SDK; GET gives what was read so far.

import { createServer } from "node:http";
import { createRequire } from "node:module";

// Installed beside the working directory, not beside this file.
const { HTTP } = createRequire(`${process.cwd()}/`)("cloudevents");

let received = [];

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    if (request.method === "GET") {
      response.end(JSON.stringify(received));
      received = [];
      return;
    }
    try {
      const read = HTTP.toEvent({ headers: request.headers, body });
      for (const event of Array.isArray(read) ? read : [read]) {
        event.validate();
        const { id, source, type, subject, account, datacontenttype, time, data } = event;
        received.push({ id, source, type, subject, account, datacontenttype, time, data });
      }
      response.statusCode = 202;
      response.end();
    } catch (error) {
      response.statusCode = 400;
      response.end(String(error));
    }
  });
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
