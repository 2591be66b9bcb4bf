# A static binary for a user without rights, and nothing else: no shell, no Git, no package manager. Suites that run as processes need their tools
# beside it: build an image of your own with them, and COPY --from=assay /assay into it. `make image` makes the same without Docker.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags '-s -w' -o /assay ./cmd/assay
RUN mkdir /empty && mkdir -m 0700 /empty/data && mkdir -m 1777 /empty/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /empty/ /
COPY --from=build /assay /assay
ENV ASSAY_DATA_DIR=/data
WORKDIR /data
VOLUME /data
USER 65532:65532
ENTRYPOINT ["/assay"]
CMD ["run"]
