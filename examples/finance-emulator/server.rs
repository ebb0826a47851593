//! Emulators of Brex with its OAuth server, BrynQ, Nango and GitHub's secrets API, written from the vendors' documentation alone. They keep
//! everything in memory, listen on the loopback address and know nothing of Keywright.
//!
//! ```ignore
//! let finance = Finance::start_in_thread(Config::default())?;
//! let token = finance.brex.create_token("Payvy Integration", ["users.readonly"]);
//! ```

#![allow(dead_code, unused_imports, reason = "the binary and each test use a different part")]

use std::io;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

#[path = "../emulation/answer.rs"]
mod answer;
pub mod brex;
pub mod brynq;
pub mod connections;
mod dashboard;
#[path = "../emulation/faults.rs"]
mod faults;
mod front;
pub mod github;
#[path = "../emulation/line.rs"]
mod line;
pub mod nango;
pub mod oauth;
#[path = "../emulation/serving.rs"]
mod serving;
#[path = "../emulation/spoiling.rs"]
mod spoiling;

pub use self::faults::{Fault, Order};
pub use self::front::{Clock, Emulated, RequestRecord};

/// The knobs of all emulators.
#[derive(Clone, Debug, Default, Args)]
pub struct Config {
    /// Brex.
    #[command(flatten)]
    pub brex: brex::Config,
    /// Brex's OAuth server.
    #[command(flatten)]
    pub oauth: oauth::Config,
    /// BrynQ.
    #[command(flatten)]
    pub brynq: brynq::Config,
    /// Nango.
    #[command(flatten)]
    pub nango: nango::Config,
    /// GitHub.
    #[command(flatten)]
    pub github: github::Config,
}

/// All emulators under one clock; dropping them stops them.
#[derive(Debug)]
pub struct Finance {
    /// Brex's API, and the dashboard where tokens are made.
    pub brex: Emulated<brex::Api>,
    /// Brex's OAuth server, whose access tokens work at [`Finance::brex`].
    pub oauth: Emulated<oauth::Issuer>,
    /// BrynQ's API, and the page where tokens are made.
    pub brynq: Emulated<brynq::BrynQ>,
    /// Nango's API. Its proxy reaches [`Finance::brex`] under each of Brex's host names.
    pub nango: Emulated<nango::Nango>,
    /// GitHub's REST API for secrets.
    pub github: Emulated<github::GitHub>,
    clock: Clock,
}

impl Finance {
    /// Starts on free ports, on the runtime of the caller.
    pub async fn start(config: Config) -> io::Result<Self> {
        Self::start_on([0; 5], config).await
    }

    /// Starts on these ports, in the order of the fields; 0 takes a free one.
    pub async fn start_on(ports: [u16; 5], config: Config) -> io::Result<Self> {
        let clock = Clock::default();
        let account = brex::Account::shared(config.brex);
        let brex = Emulated::start_on(ports[0], &clock, |_| brex::Api::new(account.clone())).await?;
        let oauth = Emulated::start_on(ports[1], &clock, |url| oauth::Issuer::new(config.oauth, account, url)).await?;
        let brynq = Emulated::start_on(ports[2], &clock, |_| brynq::BrynQ::new(config.brynq)).await?;
        let nango = Emulated::start_on(ports[3], &clock, |_| nango::Nango::new(config.nango, &brex.url())).await?;
        let github = Emulated::start_on(ports[4], &clock, |_| github::GitHub::new(config.github)).await?;
        Ok(Self { brex, oauth, brynq, nango, github, clock })
    }

    /// Starts on free ports, on threads of their own, for callers without a runtime.
    pub fn start_in_thread(config: Config) -> io::Result<Self> {
        let clock = Clock::default();
        let account = brex::Account::shared(config.brex);
        let brex = Emulated::start_in_thread(&clock, |_| brex::Api::new(account.clone()))?;
        let oauth = Emulated::start_in_thread(&clock, |url| oauth::Issuer::new(config.oauth, account, url))?;
        let brynq = Emulated::start_in_thread(&clock, |_| brynq::BrynQ::new(config.brynq))?;
        let nango = Emulated::start_in_thread(&clock, |_| nango::Nango::new(config.nango, &brex.url()))?;
        let github = Emulated::start_in_thread(&clock, |_| github::GitHub::new(config.github))?;
        Ok(Self { brex, oauth, brynq, nango, github, clock })
    }

    /// Reads the clock of all emulators.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sets how far the clock is ahead of the system's; negative when behind.
    pub fn set_clock_offset(&self, offset: SignedDuration) {
        self.clock.set_offset(offset);
    }
}
