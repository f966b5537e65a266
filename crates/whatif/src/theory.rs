//! What queueing theory knows exactly: the oracles of the simulator, and the warning about saturation.
//!
//! Intuition: work that arrives at random waits even where everybody has time on average; how long,
//! for the simplest desks, is known in closed form.
//!
//! All rates are per unit of time, all times in that unit. Sources: Erlang 1917; Pollaczek 1930 and
//! Khinchine 1932; Cobham, Operations Research 2, 1954; Kleinrock, Queueing Systems II, 1976, chapter 3.

/// Several servers, exponential arrivals and lengths, first come first served: M/M/c.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pool {
    /// Servers.
    pub servers: u32,
    /// Arrivals per unit of time.
    pub arrivals: f64,
    /// Items one server finishes per unit of time.
    pub service: f64,
}

impl Pool {
    /// Offered work in Erlangs: `a = λ/μ`.
    #[must_use]
    pub fn offered(&self) -> f64 {
        self.arrivals / self.service
    }

    /// Whether work comes faster than it can ever be done.
    #[must_use]
    pub fn saturated(&self) -> bool {
        self.offered() >= f64::from(self.servers)
    }

    /// Erlang C: the share of items that wait,
    /// `C = B / (1 − (a/c)(1 − B))` with Erlang's recursion `B(k) = a B(k−1) / (k + a B(k−1))`.
    #[must_use]
    pub fn waits(&self) -> f64 {
        if self.saturated() {
            return 1.0;
        }
        let offered = self.offered();
        let blocked = (1..=self.servers)
            .fold(1.0, |blocked, k| offered * blocked / (f64::from(k) + offered * blocked));
        let load = offered / f64::from(self.servers);
        blocked / (1.0 - load * (1.0 - blocked))
    }

    /// The mean wait, `C / (cμ − λ)`; infinite when saturated.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        if self.saturated() { f64::INFINITY } else { self.waits() / self.spare() }
    }

    /// The wait that a share `quantile` of items does not exceed: `P(W > t) = C e^−(cμ−λ)t`.
    #[must_use]
    pub fn wait_quantile(&self, quantile: f64) -> f64 {
        if self.saturated() {
            return f64::INFINITY;
        }
        ((self.waits() / (1.0 - quantile)).ln() / self.spare()).max(0.0)
    }

    fn spare(&self) -> f64 {
        f64::from(self.servers) * self.service - self.arrivals
    }
}

/// The time in the system that a share `quantile` does not exceed in M/M/1.
#[must_use]
pub fn single_sojourn_quantile(arrivals: f64, service: f64, quantile: f64) -> f64 {
    -(1.0 - quantile).ln() / (service - arrivals)
}

/// Mean wait at one server with lengths of any kind (Pollaczek and Khinchine):
/// `λ E[S²] / (2 (1 − ρ))` with `E[S²] = E[S]² (1 + c²)`.
#[must_use]
pub fn general_wait(arrivals: f64, mean: f64, variation: f64) -> f64 {
    let second = mean * mean * (1.0 + variation);
    arrivals * second / (2.0 * (1.0 - arrivals * mean))
}

/// One class at a single server with priorities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriorityClass {
    /// Arrivals per unit of time.
    pub arrivals: f64,
    /// Mean length.
    pub mean: f64,
    /// Squared coefficient of variation of the length.
    pub variation: f64,
}

impl PriorityClass {
    fn load(&self) -> f64 {
        self.arrivals * self.mean
    }

    /// What an arrival finds left of this class' item in service.
    fn residual(&self) -> f64 {
        self.arrivals * self.mean * self.mean * (1.0 + self.variation) / 2.0
    }
}

/// Mean waits per class, the most urgent first, where nothing is broken off (Cobham):
/// `R / ((1 − σ(k−1)) (1 − σ(k)))`, `R = Σ λ E[S²] / 2` over all classes.
#[must_use]
pub fn waits_by_priority(classes: &[PriorityClass]) -> Vec<f64> {
    let residual: f64 = classes.iter().map(PriorityClass::residual).sum();
    sigmas(classes).iter().map(|(above, with)| residual / ((1.0 - above) * (1.0 - with))).collect()
}

/// Mean times in the system per class where the urgent breaks off and work resumes where it stopped:
/// `E[S] / (1 − σ(k−1)) + R(k) / ((1 − σ(k−1)) (1 − σ(k)))`, `R(k)` over classes up to k.
#[must_use]
pub fn sojourns_by_preemption(classes: &[PriorityClass]) -> Vec<f64> {
    let mut residual = 0.0;
    let mut found = vec![];
    for (class, (above, with)) in classes.iter().zip(sigmas(classes)) {
        residual += class.residual();
        found.push(class.mean / (1.0 - above) + residual / ((1.0 - above) * (1.0 - with)));
    }
    found
}

/// Load of the classes above each, and with it.
fn sigmas(classes: &[PriorityClass]) -> Vec<(f64, f64)> {
    let mut sum = 0.0;
    let mut found = vec![];
    for class in classes {
        found.push((sum, sum + class.load()));
        sum += class.load();
    }
    found
}

/// Mean wait in M/H2/c, approximately (Lee and Longton, 1959): M/M/c times `(1 + c²) / 2`.
#[must_use]
pub fn lee_longton_wait(pool: &Pool, variation: f64) -> f64 {
    pool.mean_wait() * f64::midpoint(1.0, variation)
}

/// Mean wait at one server in heavy traffic (Kingman, 1961):
/// `ρ/(1−ρ) · (ca² + cs²)/2 · E[S]`.
#[must_use]
pub fn kingman_wait(load: f64, variations: (f64, f64), mean: f64) -> f64 {
    load / (1.0 - load) * f64::midpoint(variations.0, variations.1) * mean
}
