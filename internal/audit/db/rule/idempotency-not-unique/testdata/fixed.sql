create role hooks login;
create table inbox (id bigserial primary key, provider text not null, event_id text not null, body jsonb not null, unique (provider, event_id));
grant insert on inbox to hooks;
