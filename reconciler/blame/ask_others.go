package blame

import (
	"strings"

	"github.com/assay-dev/assay/sources/sync"
)

// enoughOthers is how many other Gates are to have run at the same time, where no control Suite tells whether the environment is well.
const enoughOthers = 3

// askOthers is step 3 where nothing is declared for it. Gates are seldom verified at the same moment by chance: an outage that meets the
// one whose commit has just come would go unseen. A few of the others are asked, once what failed has failed a second time, since most
// first failures are flakes; they run while the reruns do.
func (i *inquiry) askOthers() *Decision {
	o := i.others()
	missing := enoughOthers - o.ran() - len(o.open.gates)
	failedAgain := conclusive(i.Rounds) > 0 && !i.neverPassed(i.Rounds).none() || len(i.FailedSyncs) > 0 && i.FailedSyncs[0].Failure != sync.BuildFailed
	if i.Controlled || !i.mayRevert() || !failedAgain || missing <= 0 || len(i.Askable) == 0 {
		return nil
	}
	ask := i.Askable[:min(missing, len(i.Askable))]
	d := i.probe(AskOthers, "see whether others fail too, which share no change with this gate: %s", strings.Join(ask, ", "))
	d.Ask = ask
	return d
}
