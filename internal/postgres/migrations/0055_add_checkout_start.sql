-- +goose Up
-- When a purchase begins that follows a plan which is paid for: Razorpay changes a plan by ending it and beginning another.
alter table tijori.checkouts add column starts_at timestamptz;
