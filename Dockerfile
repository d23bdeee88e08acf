# syntax=docker/dockerfile:1

# The image of every role: `boxoffice api`, `worker`, `payments`, `migrate`, ... It needs nothing at run time but the
# binary itself, which brings its TLS roots and its schema along.

FROM rust:1.95-slim-bookworm AS toolchain
WORKDIR /src
# Some dependencies compile C.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential=12.9 cmake=3.25.1-1 pkg-config=1.8.1-1 \
    && rm -rf /var/lib/apt/lists/* \
    && cargo install cargo-chef --locked --version 0.1.78

# What the dependencies are, without the code that uses them: this layer changes only when they do.
FROM toolchain AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM toolchain AS build
COPY --from=plan /src/recipe.json recipe.json
# What has been downloaded stays on the building machine: a changed dependency fetches itself alone.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    cargo chef cook --release --locked --package boxoffice --recipe-path recipe.json
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    cargo build --release --locked --package boxoffice && mkdir /data

# Distroless images have no versions: pin this one by its digest where builds have to be repeatable.
FROM gcr.io/distroless/cc-debian12:nonroot AS run
LABEL org.opencontainers.image.title="boxoffice" \
      org.opencontainers.image.description="A ticket-booking engine that cannot lose a sale"
COPY --from=build /src/target/release/boxoffice /usr/local/bin/boxoffice
# A volume that is mounted here belongs to the user below; the role `payments` keeps its ledger in it.
COPY --from=build --chown=65532:65532 /data /var/lib/boxoffice
WORKDIR /var/lib/boxoffice
# Inside a container other machines are meant to reach the process.
ENV BOXOFFICE_API__LISTEN=0.0.0.0:7880 \
    BOXOFFICE_OPERATIONS__LISTEN=0.0.0.0:7883 \
    BOXOFFICE_PAYMENTS__LISTEN=0.0.0.0:7884 \
    BOXOFFICE_LOG__FORMAT=json
EXPOSE 7880 7883 7884
# The image's user `nonroot`, by number so that a host can see that it is not root.
USER 65532
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 CMD ["boxoffice", "health"]
ENTRYPOINT ["boxoffice"]
CMD ["--help"]
