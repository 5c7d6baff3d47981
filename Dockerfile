# Build:  docker build -t mesh .
# Run:    docker run --rm -p 8080:8080 mesh gateway --config /etc/mesh
FROM debian:12-slim AS build
WORKDIR /src
COPY . .
RUN ./build.sh deps build && rm -rf build dist && ./build.sh build \
    && DESTDIR=/out PREFIX=/usr ./build.sh install && strip /out/usr/bin/mesh

FROM debian:12-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        libuv1 android-libboringssl libnghttp2-14 libsqlite3-0 libyaml-0-2 libc-ares2 libre2-9 \
        libxxhash0 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --home-dir /var/lib/mesh --create-home --shell /usr/sbin/nologin mesh
COPY --from=build /out/usr /usr
USER 10001
ENV XDG_STATE_HOME=/var/lib/mesh XDG_RUNTIME_DIR=/var/lib/mesh
ENTRYPOINT ["/usr/bin/mesh"]
CMD ["help"]
