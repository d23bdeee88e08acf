//! The customers: one after the other from a list, and many at the same instant.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use testkit::stage::{Stage, StageEntrance};
use testkit::storm::StormBuyer;
use testkit::storm_plan::Wish;
use testkit::storm_told::Told;
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

/// Where customers come from, and what they live to see.
#[derive(Clone)]
pub(crate) struct Crowd {
    entrance: StageEntrance,
    apis: Arc<[String]>,
    give_up_at: Instant,
    told: Arc<Mutex<Told>>,
    lost: Arc<Mutex<Vec<String>>>,
}

impl Crowd {
    /// Customers of a stage, who give up at `give_up_at`.
    pub(crate) fn new(stage: &Stage, give_up_at: Instant) -> Self {
        let apis = stage.apis.clone().into();
        Self { entrance: stage.entrance(), apis, give_up_at, told: Arc::default(), lost: Arc::default() }
    }

    /// Lets customers come until `until`, `at_once` of them at a time, and waits until the last has left; tells how
    /// many came.
    pub(crate) async fn stream(self, wishes: Vec<Wish>, at_once: usize, until: Instant) -> usize {
        let room = Arc::new(Semaphore::new(at_once));
        let (mut inside, mut came) = (JoinSet::new(), 0);
        for wish in wishes {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
            if Instant::now() >= until {
                break;
            }
            came += 1;
            let crowd = self.clone();
            inside.spawn(async move {
                let buyer = crowd.entrance.buyer().await;
                let told = StormBuyer::new(buyer, crowd.apis, crowd.give_up_at).live(&wish).await;
                crowd.told.lock().unwrap().add(told);
                drop(place);
            });
            while let Some(left) = inside.try_join_next() {
                self.look_at(left);
            }
        }
        self.see_off(inside).await;
        came
    }

    /// Lets customers come who all ask at the same instant, and waits until the last has left.
    pub(crate) async fn stampede(self, wishes: Vec<Wish>) {
        let gate = Arc::new(Barrier::new(wishes.len()));
        let mut inside = JoinSet::new();
        for wish in wishes {
            let (crowd, gate) = (self.clone(), Arc::clone(&gate));
            inside.spawn(async move {
                let buyer = crowd.entrance.buyer().await;
                gate.wait().await;
                let told = StormBuyer::new(buyer, crowd.apis, crowd.give_up_at).live(&wish).await;
                crowd.told.lock().unwrap().add(told);
            });
        }
        self.see_off(inside).await;
    }

    /// What all customers who have left have lived to see, and what became of those whose story broke off.
    pub(crate) fn told(&self) -> (Told, Vec<String>) {
        (self.told.lock().unwrap().clone(), self.lost.lock().unwrap().clone())
    }

    async fn see_off(&self, mut inside: JoinSet<()>) {
        while let Some(left) = inside.join_next().await {
            self.look_at(left);
        }
    }

    /// A customer who meets an answer that cannot be read at all goes no further.
    fn look_at(&self, left: Result<(), tokio::task::JoinError>) {
        if let Err(error) = left {
            self.lost.lock().unwrap().push(format!("a customer could not go on: {error}"));
        }
    }
}
