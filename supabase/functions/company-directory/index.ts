import { createHandler } from './handler.ts';

Deno.serve(
  createHandler({
    fetch,
    env: (name) => Deno.env.get(name),
    write: (line) => console.log(line),
  }),
);
