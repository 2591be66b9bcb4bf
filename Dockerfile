# A static binary for a user without rights, and nothing else: no shell, no Git, no package manager. Suites that run as processes need their tools
# beside it: build an image of your own with them, and COPY --from=assay /assay into it.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /assay ./cmd/assay && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /assay /assay
COPY --from=build --chown=65532:65532 /data /data
ENV ASSAY_DATA_DIR=/data
VOLUME /data
USER 65532:65532
ENTRYPOINT ["/assay"]
CMD ["run"]
