-- +goose Up
-- compatible from: 1001
-- A party is found in whatever script its name is typed: शर्मा by "sharma", and Sharma by "शर्मा". Each name has a key of
-- how it sounds, the same for all scripts; the database keeps it, whichever program writes the name.

-- +goose StatementBegin
-- tijori_khata.sound_of(name) is how a name sounds: Latin consonants with the vowels i and u, a space before each
-- word. It is coarse, so that spellings of one name meet: Sharma, Sharmaa, शर्मा and શર્મા are " srm", Verma, Varma and
-- वर्मा " brm". The letters of nine Indian scripts stand at the same places of their blocks, so one list reads all:
-- Devanagari, Bengali, Gurmukhi, Gujarati, Odia, Tamil, Telugu, Kannada and Malayalam. First they become Latin letters
-- as people type them, then Latin letters become their sound. Signs of ASCII stand for letters in between:
--
--   ~  a nasal, which is n, m or ng by what follows
--   !  ñ, which makes gy of j
--   < > = % &  the Tamil letters k t p c ṟ, which sound by their neighbours
create function tijori_khata.sound_of(name text) returns text
    language plpgsql immutable strict parallel safe set search_path = ''
    as $$
declare
    consonants constant text[] := '{k,kh,g,gh,ng,ch,chh,j,jh,!,t,th,d,dh,n,t,th,d,dh,n,n,p,ph,b,bh,m,y,r,r,l,l,l,v,'
        'sh,sh,s,h}'; -- 0x15 to 0x39
    vowels constant text[] := '{a,a,i,i,u,u,ri,l,e,e,e,ai,o,o,o,au}'; -- 0x05 to 0x14
    signs constant text[] := '{a,i,i,u,u,ri,ri,e,e,e,ai,o,o,o,au}'; -- 0x3e to 0x4c
    final constant text[] := '{n,n,r,l,l,k}'; -- of Malayalam, 0x7a to 0x7f
    letter text;
    code integer;
    place integer;
    latin text := '';
    inherent text := ''; -- the a that a consonant has until a sign takes it away
    plain constant boolean := name ~ '^[ -~]*$';
begin
    if plain then
        latin := regexp_replace(name, '[^0-9A-Za-z]+', ' ', 'g');
    end if;
    foreach letter in array case when plain then '{}' else string_to_array(normalize(name, nfkc), null) end loop
        code := ascii(letter);
        if code < 2304 or code > 3455 then -- 0x0900 to 0x0d7f
            -- What is neither letter nor digit parts words.
            if code < 192 and letter !~ '[0-9A-Za-z]' or code between 8192 and 8303 then
                letter := case when code in (8204, 8205) then '' else ' ' end;
            end if;
            latin := latin || inherent || letter;
            inherent := '';
            continue;
        end if;
        place := code % 128;
        if place between 21 and 57 then
            latin := latin || inherent || case
                when code = 2965 then '<' when code = 2975 then '>' when code = 2986 then '=' when code = 2970 then '%'
                when code = 2993 then '&' else consonants[place - 20] end;
            inherent := 'a';
        elsif place between 62 and 76 then
            latin := latin || signs[place - 61];
            inherent := '';
        elsif place = 77 then -- the sign for no vowel
            inherent := '';
        elsif place = 60 then -- a dot below: ड़ is heard as r
            latin := regexp_replace(latin, 'dh?$', 'r');
        elsif place between 5 and 20 then
            latin := latin || inherent || vowels[place - 4];
            inherent := '';
        elsif place in (0, 1, 2) or code = 2672 then
            latin := latin || inherent || '~';
            inherent := '';
        elsif place between 102 and 111 then
            latin := latin || inherent || (place - 102);
            inherent := '';
        elsif code between 3450 and 3455 then
            latin := latin || inherent || final[place - 121];
            inherent := '';
        elsif code = 2510 then
            latin := latin || inherent || 't';
            inherent := '';
        elsif place = 95 or code in (2929, 2544, 2545) then -- य़ of Odia, and letters of Odia and Assamese
            latin := latin || inherent || case when code = 2544 then 'r' when place = 95 then 'y' else 'v' end;
            inherent := 'a';
        end if;
    end loop;
    latin := lower(regexp_replace(normalize(latin || inherent, nfkd), '[\u0300-\u036f]', '', 'g') collate "C");
    -- Tamil: doubled it is hard, between vowels and after a nasal it is soft.
    if latin ~ '[<>=%&]' then
        latin := regexp_replace(latin, '<<', 'k', 'g');
        latin := regexp_replace(latin, '([aeiou]|ng?)<(?=[aeiou])', '\1g', 'g');
        latin := regexp_replace(latin, '>>', 't', 'g');
        latin := regexp_replace(latin, '([aeioun])>(?=[aeiou])', '\1d', 'g');
        latin := regexp_replace(latin, '==', 'p', 'g');
        latin := regexp_replace(latin, '([aeiounm])=(?=[aeiou])', '\1b', 'g');
        latin := regexp_replace(latin, '%%', 'ch', 'g');
        latin := regexp_replace(latin, '([n!])%', '\1j', 'g');
        latin := regexp_replace(latin, '&&', 'tr', 'g');
        latin := translate(latin, '<>=%&', 'ktpsr');
    end if;
    latin := regexp_replace(latin, '~(?=h)', 'ng', 'g');
    latin := regexp_replace(latin, '[~n](?=[pbmf])', 'm', 'g');
    latin := translate(replace(latin, 'j!', 'gy'), '~!', 'nn');
    -- As Latin letters are spelled.
    latin := regexp_replace(latin, 'c(?=[eiy])', 's', 'g');
    latin := replace(replace(latin, 'ch', '~'), 'c', 'k');
    latin := replace(replace(replace(latin, '~', 'c'), 'x', 'ks'), 'zh', 'l');
    latin := regexp_replace(latin, '([bcdfgjklmnpqrstvwyz])h+', '\1', 'g');
    latin := regexp_replace(latin, 'ee|ii', 'i', 'g');
    latin := regexp_replace(latin, 'ei|ey(?![aeiou])', 'e', 'g');
    latin := regexp_replace(latin, 'oo|ou|ow(?![aeiou])|o', 'u', 'g');
    latin := translate(latin, 'qfvwz', 'kpbbj');
    latin := regexp_replace(latin, '([^ ])y', '\1i', 'g');
    latin := regexp_replace(latin, '([^ ])[ae]+', '\1', 'g');
    latin := regexp_replace(latin, '([a-z])\1+', '\1', 'g');
    return rtrim(' ' || regexp_replace(ltrim(latin), ' +', ' ', 'g'));
end $$;

-- tijori_khata.sound_patterns(query) are LIKE patterns for the sounds of a query's words, each at the beginning of a
-- word; none where nothing of it can be heard. A sound has no sign that LIKE reads.
create function tijori_khata.sound_patterns(query text) returns text[]
    language plpgsql immutable strict parallel safe set search_path = ''
    as $$
begin
    return coalesce((
        select array_agg('% ' || w || '%')
          from string_to_table(ltrim(tijori_khata.sound_of(query)), ' ') w
         where w <> ''), '{}');
end $$;

-- tijori_khata.stamp_sound() keeps the key, whatever the statement says of it.
create function tijori_khata.stamp_sound() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    new.sound_key := left(tijori_khata.sound_of(new.name), 480);
    return new;
end $$;
-- +goose StatementEnd
revoke all on function tijori_khata.sound_of(text), tijori_khata.sound_patterns(text), tijori_khata.stamp_sound()
    from public;
grant execute on function tijori_khata.sound_of(text), tijori_khata.sound_patterns(text) to tijori_app, tijori_guard;

-- The rows that are there get their key as the column gets its type: neither policies nor triggers see it.
alter table tijori.parties add column sound_key text collate "C" not null default '';
alter table tijori.parties alter column sound_key drop default;
alter table tijori.parties alter column sound_key type text collate "C" using left(tijori_khata.sound_of(name), 480);
alter table tijori.parties alter column sound_key set default '';
create trigger parties_sound before insert or update of name on tijori.parties
    for each row execute function tijori_khata.stamp_sound();

-- A search for words, sounds or digits reads this index alone.
drop index tijori.parties_name_idx;
create index parties_name_idx on tijori.parties (account_id, business_id, name_key, id)
    include (phone, kind, sound_key) where deleted_at is null and name_key is not null;
grant select (sound_key) on tijori.parties to tijori_guard;

-- tijori_khata.party_names(only_id, patterns, query) is as before, and returns those as well that sound as the query
-- does.
drop function tijori_khata.party_names(uuid, text[]);
-- +goose StatementBegin
create function tijori_khata.party_names(only_id uuid default null, patterns text[] default '{}', query text default '')
    returns table (id uuid, kind text, name text, name_key text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
    sounds text[];
begin
    select * into s from tijori_access.scope();
    if only_id is not null then
        return query select p.id, p.kind, p.name, p.name_key from tijori.parties p
          where p.account_id = s.account_id and p.business_id = s.business_id and p.id = only_id
            and p.deleted_at is null;
    else
        sounds := tijori_khata.sound_patterns(party_names.query);
        return query select p.id, p.kind, p.name, p.name_key from tijori.parties p
          where p.account_id = s.account_id and p.business_id = s.business_id and p.deleted_at is null
            and (p.name_key like all (patterns) or cardinality(sounds) > 0 and p.sound_key like all (sounds));
    end if;
end $$;

-- tijori_khata.record_changes() hides the key of the sound as it hides that of the name.
create or replace function tijori_khata.record_changes() returns trigger
    language plpgsql security definer set search_path = '' set enable_nestloop = off
    as $$
declare
    caller uuid := tijori_access.user_id();
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    hidden constant text[] := '{account_id,business_id,id,party_id,name_key,sound_key,request_hash,created_by,'
        'created_at,updated_at,deleted_at,deleted_by,version,batch_id}';
begin
    insert into tijori.changes (account_id, business_id, subject, subject_id, version, created_by, action,
        before, after, from_party, to_party, changed_by, changed_by_name)
    select c.account_id, c.business_id, tg_argv[0], c.id, c.version,
        case tg_argv[0] when 'entry' then c.created_by else nobody end,
        case when c.from_party <> c.to_party then 'move'
             when c.was_there and not c.is_there then 'delete'
             when c.is_there and not c.was_there then 'restore'
             else 'edit' end,
        c.former - hidden, c.written - hidden,
        nullif(c.from_party, c.to_party), case when c.from_party <> c.to_party then c.to_party end,
        caller, coalesce((select u.name from tijori.users u where u.id = caller), '')
      from (
        select w.account_id, w.business_id, w.id, w.version, w.created_by,
               f.deleted_at is null as was_there, w.deleted_at is null as is_there,
               to_jsonb(f) as former, to_jsonb(w) as written,
               (to_jsonb(f) ->> 'party_id')::uuid as from_party, (to_jsonb(w) ->> 'party_id')::uuid as to_party
          from former f
          join written w on w.account_id = f.account_id and w.business_id = f.business_id and w.id = f.id
        offset 0
      ) c;
    return null;
end $$;
-- +goose StatementEnd
alter function tijori_khata.party_names(uuid, text[], text) owner to tijori_guard;
revoke all on function tijori_khata.party_names(uuid, text[], text) from public;
grant execute on function tijori_khata.party_names(uuid, text[], text) to tijori_app;
