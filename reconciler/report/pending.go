package report

// pending holds cases until what belongs to them and stands behind them in the file was read, such as the name of their
// file. It holds no more than pendingBytes; cases beyond are recorded at once, without it.
type pending struct {
	to           *recorder
	cases        []Case
	bytes        int
	unsuccessful bool // one of them failed or errored
}

const (
	pendingBytes = 4 << 20
	caseBytes    = 128 // about what a Case takes without its texts
)

func (p *pending) add(c Case) {
	p.unsuccessful = p.unsuccessful || c.Unsuccessful()
	p.bytes += len(c.Name) + len(c.Suite) + len(c.Message) + len(c.Detail) + caseBytes
	if p.bytes > pendingBytes {
		p.to.add(c)
		return
	}
	p.cases = append(p.cases, c)
}

// record completes each case and records it.
func (p *pending) record(complete func(c *Case)) {
	for _, c := range p.cases {
		complete(&c)
		p.to.add(c)
	}
}
