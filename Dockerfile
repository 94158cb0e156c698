# One static binary and the certificates that https needs; no shell, no libraries.
#
#   docker build -t billing-pull:0.1.0 --build-arg COMMIT="$(git log -1 --format='%h %cs')" .

FROM rust:1.95-alpine AS build
# hadolint ignore=DL3018
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
# What --version says: there is no repository in here.
ARG COMMIT=""
RUN BILLING_PULL_COMMIT="$COMMIT" cargo build --release --locked

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/billing-pull /usr/bin/billing-pull
USER 65532:65532
ENTRYPOINT ["/usr/bin/billing-pull"]
