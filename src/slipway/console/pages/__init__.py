"""The pages, a module each: handlers are plain functions, `ROUTES` lists them."""
