# A static binary for a user without rights, and nothing else: no shell, no Git, no package manager.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /assay ./cmd/assay

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /assay /assay
USER 65532:65532
ENTRYPOINT ["/assay"]
CMD ["run"]
