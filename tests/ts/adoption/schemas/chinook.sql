-- A music shop in the shape of the Chinook sample database: integer keys that the application counts itself, a list that
-- belongs to no customer, an employee who reports to another, names that are unique. The data is made up.
create table public.artist (artist_id integer primary key, name varchar(120) unique);
create table public.album (
  album_id integer primary key, title varchar(160) not null, artist_id integer not null references public.artist (artist_id)
);
create index album_artist_id_idx on public.album (artist_id);
create table public.media_type (media_type_id integer primary key, name varchar(120));
create table public.genre (genre_id integer primary key, name varchar(120));
create table public.track (
  track_id integer primary key, name varchar(200) not null, album_id integer references public.album (album_id) on delete set null,
  media_type_id integer not null references public.media_type (media_type_id), genre_id integer references public.genre (genre_id),
  composer varchar(220), milliseconds integer not null, bytes integer, unit_price numeric(10,2) not null
);
create index track_album_id_idx on public.track (album_id);
create table public.playlist (playlist_id integer primary key, name varchar(120));
create table public.playlist_track (
  playlist_id integer not null references public.playlist (playlist_id) on delete cascade,
  track_id integer not null references public.track (track_id), primary key (playlist_id, track_id)
);
create table public.employee (
  employee_id integer primary key, last_name varchar(20) not null, first_name varchar(20) not null,
  reports_to integer references public.employee (employee_id), birth_date timestamp, email varchar(60)
);
create unique index employee_email_idx on public.employee (lower(email)) where email is not null;
create table public.customer (
  customer_id integer primary key, first_name varchar(40) not null, last_name varchar(20) not null, email varchar(60) not null,
  support_rep_id integer references public.employee (employee_id)
);
create table public.invoice (
  invoice_id integer primary key, customer_id integer not null references public.customer (customer_id) deferrable initially deferred,
  invoice_date timestamp not null, billing_city varchar(40), total numeric(10,2) not null
);
create table public.invoice_line (
  invoice_line_id integer primary key, invoice_id integer not null references public.invoice (invoice_id) on delete cascade,
  track_id integer not null references public.track (track_id), unit_price numeric(10,2) not null, quantity integer not null
);
insert into public.artist select n, 'Artist ' || n from generate_series(1, 60) as n;
insert into public.album select n, 'Album ' || n, 1 + n % 60 from generate_series(1, 200) as n;
insert into public.media_type select n, 'Type ' || n from generate_series(1, 5) as n;
insert into public.genre select n, 'Genre ' || n from generate_series(1, 12) as n;
insert into public.track select n, 'Track ' || n, nullif(n % 201, 0), 1 + n % 5, 1 + n % 12, null, 1000 * n, n, 0.99 from generate_series(1, 2000) as n;
insert into public.playlist select n, 'List ' || n from generate_series(1, 18) as n;
insert into public.playlist_track select p, t from generate_series(1, 18) as p, generate_series(1, 2000, 7) as t;
insert into public.employee select n, 'Last ' || n, 'First ' || n, nullif(n / 3, 0), '1980-01-01', 'e' || n || '@shop.example' from generate_series(1, 8) as n;
insert into public.customer select n, 'First ' || n, 'Last ' || n, 'c' || n || '@mail.example', 1 + n % 8 from generate_series(1, 300) as n;
insert into public.invoice select n, 1 + n % 300, timestamp '2024-01-01' + n * interval '1 hour', 'City', 9.9 from generate_series(1, 4000) as n;
insert into public.invoice_line select n, 1 + n % 4000, 1 + n % 2000, 0.99, 1 from generate_series(1, 20000) as n;
