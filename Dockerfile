# docker build --build-arg VERSION=v0.2.0 --build-arg REVISION=$(git rev-parse HEAD) -t nginx-lint .
# docker run --rm -v "$PWD:/config:ro" nginx-lint
FROM --platform=$BUILDPLATFORM golang:1.26-alpine AS build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=
ARG REVISION=
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X nginx-lint/cmd/internal/cli.builtAs=$VERSION -X nginx-lint/cmd/internal/cli.builtFrom=$REVISION" \
    -o /nginx-lint ./cmd/nginx-lint

FROM scratch
ARG VERSION=
ARG REVISION=
ARG SOURCE=
LABEL org.opencontainers.image.title="nginx-lint" \
      org.opencontainers.image.description="Check nginx and PHP-FPM configuration together" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
COPY LICENSE /usr/share/licenses/nginx-lint/LICENSE
COPY --from=build /nginx-lint /usr/bin/nginx-lint
USER 65532:65532
WORKDIR /config
ENTRYPOINT ["/usr/bin/nginx-lint"]
