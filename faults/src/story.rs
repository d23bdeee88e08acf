//! A booking's whole story.
