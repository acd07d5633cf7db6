-- A film rental in the shape of the Pagila sample database: serial keys, partitions, an enumeration and a domain, triggers that note the
-- time of a change, a text search column, stores and staff that refer to each other (a store may be without a manager), a view. The data is made up.
create extension if not exists btree_gist with schema extensions;
create type public.mpaa_rating as enum ('G', 'PG', 'R');
create domain public.year as integer check (value between 1901 and 2155);
create function public.last_updated() returns trigger language plpgsql as $$ begin new.last_update = now(); return new; end $$;
create table public.language (language_id serial primary key, name character(20) not null, last_update timestamptz not null default now());
create table public.actor (actor_id serial primary key, first_name text not null, last_name text not null, last_update timestamptz not null default now());
create index idx_actor_last_name on public.actor (last_name);
create table public.film (
  film_id serial primary key, title text not null, description text, release_year public.year, language_id integer not null references public.language (language_id),
  original_language_id integer references public.language (language_id), rental_rate numeric(4,2) not null default 4.99, rating public.mpaa_rating default 'G',
  special_features text[], fulltext tsvector not null, last_update timestamptz not null default now()
);
create index film_fulltext_idx on public.film using gist (fulltext);
create trigger film_fulltext_trigger before insert or update on public.film
  for each row execute function tsvector_update_trigger('fulltext', 'pg_catalog.english', 'title', 'description');
create table public.film_actor (
  actor_id integer not null references public.actor (actor_id) on update cascade on delete restrict,
  film_id integer not null references public.film (film_id) on update cascade on delete restrict, last_update timestamptz not null default now(),
  primary key (actor_id, film_id)
);
create table public.store (store_id serial primary key, manager_staff_id integer, last_update timestamptz not null default now());
create table public.staff (
  staff_id serial primary key, first_name text not null, email text, store_id integer not null references public.store (store_id), active boolean not null default true,
  username text not null, password text, last_update timestamptz not null default now(), constraint staff_username_key unique (username)
);
alter table public.store add constraint store_manager_staff_id_fkey foreign key (manager_staff_id) references public.staff (staff_id) deferrable initially deferred;
create unique index idx_unq_manager_staff_id on public.store (manager_staff_id);
create table public.customer (
  customer_id serial primary key, store_id integer not null references public.store (store_id), first_name text not null, email text,
  activebool boolean not null default true, create_date date not null default current_date, last_update timestamptz default now()
);
create table public.inventory (
  inventory_id serial primary key, film_id integer not null references public.film (film_id), store_id integer not null references public.store (store_id),
  last_update timestamptz not null default now()
);
create index idx_store_id_film_id on public.inventory (store_id, film_id);
create table public.rental (
  rental_id serial primary key, rental_date timestamptz not null, inventory_id integer not null references public.inventory (inventory_id) on delete restrict,
  customer_id integer not null references public.customer (customer_id), return_date timestamptz, staff_id integer not null references public.staff (staff_id),
  last_update timestamptz not null default now()
);
create unique index idx_unq_rental_date_inventory_id_customer_id on public.rental (rental_date, inventory_id, customer_id);
-- By month, one month by number as well; some keys and indexes are the table's, some a partition's own, as there.
create table public.payment (
  payment_id serial, customer_id integer not null references public.customer (customer_id), staff_id integer not null references public.staff (staff_id),
  rental_id integer not null, amount numeric(5,2) not null, payment_date timestamptz not null, primary key (payment_date, payment_id)
) partition by range (payment_date);
create table public.payment_p2022_01 partition of public.payment for values from ('2022-01-01') to ('2022-02-01');
create table public.payment_p2022_02 partition of public.payment for values from ('2022-02-01') to ('2022-03-01') partition by hash (payment_id);
create table public.payment_p2022_02_even partition of public.payment_p2022_02 for values with (modulus 2, remainder 0);
create table public.payment_p2022_02_odd partition of public.payment_p2022_02 for values with (modulus 2, remainder 1);
create table public.payment_rest partition of public.payment default;
create index idx_payment_amount on public.payment (amount);
create index idx_fk_payment_p2022_01_customer_id on public.payment_p2022_01 (customer_id);
do $$
declare
  v_part text;
begin
  foreach v_part in array '{payment_p2022_01,payment_p2022_02_even,payment_p2022_02_odd,payment_rest}'::text[] loop
    execute format('alter table public.%1$I add constraint %2$I foreign key (rental_id) references public.rental (rental_id) on delete cascade', v_part, v_part || '_rental_id_fkey');
  end loop;
end
$$;
do $$
declare
  v_table text;
begin
  foreach v_table in array '{language,actor,film,film_actor,store,staff,customer,inventory,rental}'::text[] loop
    execute format('create trigger last_updated before update on public.%I for each row execute function public.last_updated()', v_table);
  end loop;
end
$$;
create view public.customer_list with (security_invoker) as select c.customer_id as id, c.first_name as name, c.store_id as sid from public.customer as c;
insert into public.language (name, last_update) select 'Language ' || n, '2022-02-15' from generate_series(1, 6) as n;
insert into public.actor (first_name, last_name, last_update) select 'First ' || n, 'Last ' || n, '2022-02-15' from generate_series(1, 200) as n;
insert into public.film (title, description, release_year, language_id, rating, special_features, last_update)
select 'Film ' || n, 'About ' || n, 2006, 1 + n % 6, 'PG', '{Trailers}', '2022-02-15' from generate_series(1, 500) as n;
insert into public.film_actor (actor_id, film_id, last_update) select 1 + n % 200, 1 + n / 6, '2022-02-15' from generate_series(0, 2999) as n;
begin;
insert into public.store (store_id, manager_staff_id, last_update) values (1, 1, '2022-02-15'), (2, 2, '2022-02-15');
insert into public.staff (first_name, email, store_id, username, last_update) values ('Mike', 'mike@rental.example', 1, 'mike', '2022-02-15'), ('Jon', 'jon@rental.example', 2, 'jon', '2022-02-15');
commit;
select setval('public.store_store_id_seq', 2);
insert into public.customer (store_id, first_name, email, last_update) select 1 + n % 2, 'Customer ' || n, 'c' || n || '@rental.example', '2022-02-15' from generate_series(1, 600) as n;
insert into public.inventory (film_id, store_id, last_update) select 1 + n % 500, 1 + n % 2, '2022-02-15' from generate_series(1, 2000) as n;
-- A customer rents at their own store.
insert into public.rental (rental_date, inventory_id, customer_id, staff_id, last_update)
select timestamptz '2022-01-01' + n * interval '7 minutes', 1 + n % 2000, 1 + n % 600, 1 + (n + 1) % 2, '2022-02-15' from generate_series(1, 8000) as n;
insert into public.payment (customer_id, staff_id, rental_id, amount, payment_date)
select r.customer_id, r.staff_id, r.rental_id, 4.99, r.rental_date from public.rental as r;
