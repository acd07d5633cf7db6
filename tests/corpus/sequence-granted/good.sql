create sequence public.invoice_number;
revoke all on sequence public.invoice_number from public, anon, authenticated;
