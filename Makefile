# What people run here. Everything lands in bin/ and .cache/, which Git ignores.
GO    ?= go
TOOLS := bin/hey bin/kustomize bin/staticcheck bin/benchstat

.PHONY: build
build: bin/assay ## Build the assay binary

.PHONY: bin/assay
bin/assay:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/assay

.PHONY: tools
tools: $(TOOLS) ## Build the pinned tools of testdata/tools

$(TOOLS) &: testdata/tools/go.mod testdata/tools/go.sum
	cd testdata/tools && $(GO) build -o ../../bin/ tool
	@touch $(TOOLS)
