create sequence public.invoice_number;
grant all on sequence public.invoice_number to authenticated;
