//! The demo: six little stories, played over HTTP as any client would, and told while they happen.
//!
//! It knows the API and the payment page of the simulator, and neither the database nor the engine.

mod choice;
mod client;
mod opening_night;
mod stage;
mod stories;
mod telling;
mod wire;

use anyhow::Context;
use domain::ids::CustomerId;
use uuid::Uuid;

use self::client::Buyer;
use self::stage::Stage;
use crate::dev::Addresses;

/// What the demo did.
pub struct DemoOutcome {
    /// What the service answered that it will be held to.
    pub answers: Vec<checker::Answer>,
}

/// Plays the stories against the service at `addresses`, each customer with the token that `token_for` gives, and tells
/// them on the standard output. Anything that the stories do not expect is an error that shows request and answer.
///
/// Customers are new and seats are chosen at random, so it can be played again and again on the same data.
pub async fn run(
    addresses: &Addresses,
    token_for: impl Fn(CustomerId) -> anyhow::Result<String>,
) -> anyhow::Result<DemoOutcome> {
    let stage = Stage::set(addresses).await?;
    let buyer = |name| {
        let customer_id = CustomerId::new(Uuid::new_v4());
        anyhow::Ok(Buyer { name, customer_id, token: token_for(customer_id)? })
    };
    let (ada, ben, cleo) = (buyer("Ada")?, buyer("Ben")?, buyer("Cleo")?);
    let (dora, emil, flora) = (buyer("Dora")?, buyer("Emil")?, buyer("Flora")?);

    let ([first, second, third, fourth, fifth, sixth], narration) = telling::begin();
    let stage = &stage;
    let play = async move {
        // Nobody else wants the seats of the short hold, so the others need not wait until it has ended.
        let waiting = async { stories::expired(stage, &cleo, third).await.context("story 3 went wrong") };
        let in_turn = async {
            stories::confirmed(stage, &ada, first).await.context("story 1 went wrong")?;
            stories::declined(stage, &ben, second).await.context("story 2 went wrong")?;
            stories::raced(stage, (&dora, &emil), fourth).await.context("story 4 went wrong")?;
            stories::cancelled(stage, &flora, fifth).await.context("story 5 went wrong")?;
            opening_night::sold_out_of_nothing(stage, sixth).await.context("story 6 went wrong")
        };
        tokio::try_join!(waiting, in_turn)
    };
    // The narration ends when the last story does, also where one fails: what has happened until then is told.
    let (played, told) = tokio::join!(play, narration.tell());
    played?;
    told?;
    Ok(DemoOutcome { answers: stage.service.take_answers() })
}
