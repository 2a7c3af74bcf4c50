use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender};

use rustix::process::setpriority_process;
use tokio::time::Instant;

use super::archive::Archive;
use super::bell::{Bell, QUIET, Trigger};
use super::order::{Order, Wanted};
use super::patrol::Patrol;
use super::report::{By, Report};
use super::{Hook, Manner, Reloader};
use crate::config::{Items, Look, Scope};
use crate::telemetry::ReloadResult;

/// When to reload, and how far each reload looks.
impl Reloader {
    /// Reloads whenever there is a reason to, for ever.
    pub fn run(mut self, sender: SyncSender<Trigger>, triggers: &Receiver<Trigger>) -> ! {
        // Viewers come first. On Linux, this is about the calling thread and those that it starts.
        if let Err(error) = setpriority_process(None, NICE) {
            tracing::debug!(%error, "the reload thread keeps its priority");
        }
        let bell = Bell::new(triggers);
        self.source.watch(bell.ringer(sender));
        let mut patrol = Patrol::new();
        loop {
            // A bug in a reload must not end the loop: what was published stays.
            let turn = AssertUnwindSafe(|| self.turn(&bell, &mut patrol));
            self.broken = catch_unwind(turn).is_err();
            if self.broken {
                self.counters.reloaded(ReloadResult::Failed);
            }
        }
    }

    /// Carries out orders until nobody can give one any more; nothing else is a reason to reload,
    /// and nothing is watched. This is for a command that changes files while no process serves
    /// them, after [`load_offline`](super::load_offline).
    pub fn carry_out_orders(mut self, triggers: &Receiver<Trigger>) {
        for trigger in triggers {
            if let Trigger::Order(order) = trigger {
                self.carry_out(*order);
            }
        }
    }

    fn carry_out(&mut self, order: Order) {
        self.keep_before(&order);
        let (wanted, waiting) = order.carry_out();
        let scope = match wanted.afresh {
            true => Scope::Afresh,
            false => Scope::Items(wanted.items.clone()),
        };
        let look = Look {
            wanted: wanted.items.clone(),
            ..Look::at(scope)
        };
        let report = self.reload(look, &Manner::Running(&wanted));
        self.tell(&report);
        if let Some(waiting) = waiting {
            waiting.tell(self.latest.generation, &report);
        }
    }

    /// Writes the versions in use into history before their files go: a process may never have run
    /// with them.
    fn keep_before(&mut self, order: &Order) {
        if let Some(archive) = &mut self.archive {
            archive.begin(order.certificates());
            let look = Look::at(Scope::Items(Items::default()));
            self.reload(look, &Manner::Running(&Wanted::default()));
        }
    }

    /// Calls who wants to know of each reload.
    fn tell(&mut self, report: &Report) {
        if let Some(Hook(hook)) = &mut self.after {
            hook(report);
        }
    }

    /// Waits for a reason to reload, and does.
    fn turn(&mut self, bell: &Bell<'_>, patrol: &mut Patrol) {
        let trigger = bell.wait(self.next_deadline(patrol));
        let now = Instant::now();
        let (wanted, waiting) = match trigger {
            Some(Trigger::Order(order)) => order.carry_out(),
            Some(Trigger::Signal) => (Wanted::all(By::Signal), None),
            Some(Trigger::Files) | None => (Wanted::default(), None),
        };
        let (scope, begins) = self.choose_scope(&wanted, patrol, now);
        let look = Look {
            scope,
            again: self.catalog.take_worth_a_look(now, begins),
            patrol: patrol.part_is_due(now),
            wanted: wanted.items.clone(),
        };
        let everything = look.scope.is_everything();
        let manner = Manner::Running(&wanted);
        let report = patrol.measure(|| self.reload(look, &manner));
        if everything {
            patrol.looked(now);
        }
        self.tell(&report);
        report.log();
        if let Some(waiting) = waiting {
            waiting.tell(self.latest.generation, &report);
        }
    }

    /// How far to look, and whether that begins a look at everything.
    fn choose_scope(
        &mut self,
        wanted: &Wanted,
        patrol: &mut Patrol,
        now: Instant,
    ) -> (Scope, bool) {
        let settings = &self.catalog.settings().certificates;
        let changed = self.source.take_changed().unwrap_or_default();
        let mut scope = patrol.scope(changed, now);
        match self.broken || wanted.afresh {
            true => scope = Scope::Afresh,
            false => scope.widen(Scope::Items(wanted.items.clone())),
        }
        let is_due = patrol.begins(settings.scan_interval, now) && !self.source.is_on_patrol();
        if is_due && !scope.is_everything() && !self.source.begin_patrol(&settings.directories) {
            scope = Scope::Everything;
        }
        let begins = is_due || scope.is_everything();
        if begins {
            patrol.began(now);
        }
        (scope, begins)
    }

    /// When something is to be done without a trigger.
    fn next_deadline(&self, patrol: &Patrol) -> Instant {
        let settings = &self.catalog.settings().certificates;
        let now = Instant::now();
        let deadlines = [
            self.catalog.next_deadline(now),
            self.source.next_look(&settings.directories),
            self.archive.as_ref().map(Archive::next_deadline),
        ];
        let next = patrol.next(settings.scan_interval, self.source.is_on_patrol());
        let deadline = deadlines.into_iter().flatten().min();
        // Whatever the reason is, it does not make the loop spin.
        deadline.map_or(next, |deadline| next.min(deadline.max(now + QUIET)))
    }
}

/// Niceness of the reload thread: a tenth of a worker's share while both want the processor.
const NICE: i32 = 10;
