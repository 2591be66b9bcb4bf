// Package process runs Suites as processes of the machine that Assay runs on. In goes a Job; the Suite's files are copied into a
// directory of the Run's own, its command runs there with an environment that holds what is declared and nothing else, and out comes
// what it printed and the report files and artifacts that it left.
//
// A Run is kept from Assay, from other Runs and from the user's files as well as the system allows; Isolation says how well that is.
// When a Run ends, by itself or not, every process that it started ends with it. When Assay dies, its Runs die.
//
// The cache directory of an Environment (XDG_CACHE_HOME) is shared by its Runs and by nobody else: whoever may push tests to an
// Environment may change what its next Runs find there.
//
// The network is not cut off, for tests need it: a Run reaches what this machine reaches, and with it whatever address Assay serves on.
//
// A Suite's resources.limits hold for all processes of a Run together where Assay may create control groups. Elsewhere memory is limited
// for each process, and cpu is not, which a note in the Result says. resources.requests promise nothing here: the machine is shared.
//
// What it never does: judge a Run, hand a Run anything from Assay's own environment, or follow a link out of a Run's directory.
//
// A program that uses it calls Main first thing in its main function (and in TestMain): each Run is started through the same binary.
package process
