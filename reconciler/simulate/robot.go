package simulate

import (
	"strings"
	"time"

	"github.com/assay-dev/assay/sources/git"
)

// robot is the image automation of a repository: it writes the newest image of each app, and writes it again when somebody puts another one
// back, unless it is suspended in Git.
const robot = "Robot"

const automationFile = "automation/images.yaml"

const automation = `apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageUpdateAutomation
metadata:
  name: images
  namespace: flux-system
spec:
  suspend: false
  update:
    path: ./apps
`

// robotEvery is how often the robot looks.
const robotEvery = 30 * time.Minute

func (w *world) liveRobot() {
	if w.spec.Breakages.Image == 0 {
		return
	}
	w.schedule.after(robotEvery, func() {
		for _, a := range w.apps {
			newest, known := w.images[a.name]
			if known && !w.suspended(a.repository) && !strings.Contains(a.repository.read(w.ctx, a.repository.head(), a.image().file()), ":"+newest+" ") {
				w.writeImage(a, newest)
			}
		}
		w.liveRobot()
	})
}

// suspended tells whether the robot of a repository is held.
func (w *world) suspended(r *repository) bool {
	return strings.Contains(r.read(w.ctx, r.head(), automationFile), "suspend: true")
}

func (w *world) writeImage(a *app, tag string) {
	c := w.set("Update images", value{a.image(), tag})
	c.author = robot
	w.push(c)
}

// publish brings a good image of an app, and lets the robot go on where it was held.
func (w *world) publish(a *app) {
	w.images[a.name] = w.newValue()
	if w.suspended(a.repository) {
		w.push(change{repository: a.repository, author: "Dan", message: "Let image automation go on", edit: func(at git.Hash) edit {
			e := edit{}
			e.set(automationFile, strings.Replace(a.repository.read(w.ctx, at, automationFile), "suspend: true", "suspend: false", 1))
			return e
		}})
	}
	w.writeImage(a, w.images[a.name])
}

// publishAgain is what follows a revert that holds the robot: somebody publishes an image that is good.
func (w *world) publishAgain(b *breakage) {
	if a := w.app(b.app); w.suspended(a.repository) {
		w.publish(a)
	}
}
