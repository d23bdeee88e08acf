//! Notices: what is told to the people who have booked, by mail. Knows no Kafka and no engine.
