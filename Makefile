# What people run here. Everything that is built lands in bin/ and .cache/, which Git ignores.
GO ?= go

# The race detector needs a C compiler; without one the tests run without it, and say so.
RACE := $(shell command -v $$($(GO) env CC) >/dev/null 2>&1 && echo -race)

# `./...` leaves out testdata, so its packages are named.
PACKAGES := ./... ./testdata/samples ./testdata/samples/shop ./testdata/stack/...

TOOLS := bin/kustomize bin/kubeconform bin/staticcheck bin/benchstat

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the assay binary into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/ ./cmd/assay

.PHONY: tools
tools: $(TOOLS) bin/hey ## Build the pinned tools of testdata/tools into bin/

$(TOOLS) &: testdata/tools/go.mod testdata/tools/go.sum
	cd testdata/tools && $(GO) build -o ../../bin/ tool
	@touch $(TOOLS)

# On its own, since the demo needs nothing but this one.
bin/hey: testdata/tools/go.mod testdata/tools/go.sum
	cd testdata/tools && $(GO) build -o ../../bin/ github.com/rakyll/hey
	@touch bin/hey

.PHONY: demo
demo: build bin/hey ## Watch Assay do its whole job on this machine
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./testdata/samples/shop
	bin/assay demo --cache .cache/demo

.PHONY: test
test: tools ## Unit tests, and everything that needs no cluster
	@test -n '$(RACE)' || echo 'no C compiler: the tests run without the race detector'
	$(GO) test $(RACE) -timeout 30m $(PACKAGES)
	cd testdata/image && $(GO) test $(RACE) .

.PHONY: crash
ROUNDS ?= 20
INCIDENTS ?= 50
crash: ## Kill Assay ROUNDS times in the demo's story, and at every recorded step of INCIDENTS simulated ones
	ASSAY_CRASH_ROUNDS=$(ROUNDS) $(GO) test -count=1 -timeout 60m -run 'Crash' -v ./cmd/assay/...
	ASSAY_SIMULATE_CRASHES=$(INCIDENTS) $(GO) test -count=1 -timeout 120m -run TestACrashAtAnyRecordedStep ./reconciler/simulate

# What must hold over the shipped scenarios: how often a revert may be wrong at most, the upper end of the interval included, and how much must be answered.
GOALS ?= --max-bad-merge-rate 0.001 --max-bad-revert-rate 0.005 --min-proposed 0.8 --min-answered 0.95

.PHONY: simulate
simulate: build ## Break simulated environments 10,000 times, and count how often Assay is right
	bin/assay simulate --breakages 10000 $(GOALS)

.PHONY: soak
soak: ## The long versions of the crash and fuzz tests
	$(MAKE) crash ROUNDS=200 INCIDENTS=1000
	ASSAY_CRASH_STEPS=all $(GO) test -count=1 -timeout 60m -run TestACrashAtAnyWriteChangesNothing -parallel 8 ./reconciler
	testdata/fuzz.sh $(or $(FUZZTIME),60s)

# The packages with tests that need the real peers. Each starts peers of its own, about 2 GiB of them, so two packages run at a time; they wait more than
# they compute.
E2E = $(addprefix ./,$(sort $(dir $(shell grep -rl --include='*_test.go' 'go:build e2e' cmd manifests reconciler rollback sources testdata))))

.PHONY: e2e
e2e: peers bin/kubeconform ## Build the real peers, start them, and prove the promises against them
	$(GO) test -tags e2e -count=1 -timeout 30m -p 2 -parallel 4 -run TestReal $(E2E)

KUBERNETES := bin/kube-apiserver bin/kube-controller-manager bin/kube-scheduler bin/kubectl bin/kubelet
FLUX := bin/source-controller bin/kustomize-controller

.PHONY: debian
debian:
	@testdata/stack/debian.sh

.PHONY: peers
peers: debian $(KUBERNETES) $(FLUX) bin/argocd bin/gitea bin/kustomize ## Build Kubernetes, Flux, Argo CD and Gitea into bin/ (25 minutes, once)

.PHONY: stack-up
stack-up: peers ## Start a cluster with Flux, Argo CD and Gitea to play with; as root also with pods
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/stack ./testdata/stack/up
	bin/stack up

.PHONY: stack-down
stack-down: ## End what stack-up started, and remove its state
	bin/stack down

$(KUBERNETES) &: testdata/stack/kubernetes/go.mod testdata/stack/kubernetes/go.sum
	cd testdata/stack/kubernetes && CGO_ENABLED=0 $(GO) build -trimpath \
		-ldflags '-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3' -o ../../../bin/ tool
	@touch $(KUBERNETES)

$(FLUX): bin/%: testdata/stack/%/go.mod testdata/stack/%/go.sum
	cd testdata/stack/$* && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o ../../../bin/ tool
	@touch $@

bin/argocd: testdata/stack/argocd/go.mod testdata/stack/argocd/go.sum
	cd testdata/stack/argocd && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o ../../../bin/argocd tool
	@touch $@

bin/gitea: testdata/stack/gitea/go.mod testdata/stack/gitea/go.sum
	cd testdata/stack/gitea && CGO_ENABLED=1 GOEXPERIMENT=jsonv2 $(GO) build -trimpath \
		-tags 'sqlite sqlite_unlock_notify' -ldflags '-s -w -X main.Version=1.26.2' -o ../../../bin/ tool
	@touch bin/gitea

.PHONY: bench
bench: tools ## Measure, side by side with what else does the same, in a real cluster too where make peers was; the output is for benchstat
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m $(BENCHFLAGS) $(PACKAGES)
	@if test -x bin/kube-apiserver && test -x bin/kubelet; then \
		$(GO) test -tags e2e -run '^$$' -bench '^BenchmarkReal' -benchtime 20x -p 1 -timeout 60m $(BENCHFLAGS) ./cmd/assay ./reconciler/runner/kubernetes; \
	else echo 'the cluster part is left out: make peers builds what it needs'; fi

.PHONY: lint
lint: tools ## gofmt, go vet, staticcheck, go mod tidy; govulncheck where it and its data are there
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "gofmt would change: $$unformatted"; exit 1; }
	$(GO) vet $(PACKAGES)
	$(GO) vet -tags e2e $(PACKAGES)
	bin/staticcheck -tags e2e $(PACKAGES)
	$(GO) mod tidy -diff
	@if command -v govulncheck >/dev/null && [ -n "$$GOVULNDB" ]; then govulncheck $(PACKAGES); else echo 'govulncheck: left out, since the program or its data (GOVULNDB) is not here'; fi

# What the image is called, which processors it is for, and, with PUSH=1, whether it goes to the registry of its name.
IMAGE ?= registry.example.com/assay:built
ARCHS ?= $(shell $(GO) env GOARCH)
.PHONY: image
image: ## Build the container image without Docker, as bin/assay-image.tar; print its name and digest
	@for arch in $(ARCHS); do \
		CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build -trimpath -ldflags '-s -w' -o bin/image/$$arch/assay ./cmd/assay || exit 1; \
	done
	@cd testdata/image && $(GO) run . -out ../../bin/assay-image.tar -name $(IMAGE) $(if $(PUSH),-push) $(ARCHS:%=../../bin/image/%/assay)

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin .cache
