// method.go - how loops learn whose actions lead elsewhere.

package gyre

// #include <gyre.h>
import "C"

// Method is how a loop that is Sequential learns: docs/learning.md says which for which job.
type Method uint32

// The methods of learner.h.
const (
	Q             Method = C.GYRE_METHOD_Q
	DoubleQ       Method = C.GYRE_METHOD_DOUBLE_Q
	Sarsa         Method = C.GYRE_METHOD_SARSA
	ExpectedSarsa Method = C.GYRE_METHOD_EXPECTED_SARSA
	QLambda       Method = C.GYRE_METHOD_Q_LAMBDA
	DynaQ         Method = C.GYRE_METHOD_DYNA_Q
	Sweeping      Method = C.GYRE_METHOD_SWEEPING
	DifferentialQ Method = C.GYRE_METHOD_DIFFERENTIAL_Q
)

// Explore is how it tries what it does not hold to be best.
type Explore uint32

// The ways to explore of learner.h.
const (
	ExploreLinear      Explore = C.GYRE_EXPLORE_LINEAR
	ExploreExponential Explore = C.GYRE_EXPLORE_EXPONENTIAL
	ExploreByVisits    Explore = C.GYRE_EXPLORE_BY_VISITS
	ExploreBoltzmann   Explore = C.GYRE_EXPLORE_BOLTZMANN
	ExploreBonus       Explore = C.GYRE_EXPLORE_BONUS
)
