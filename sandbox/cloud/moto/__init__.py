"""All that knows moto: what it keeps and where, how it is asked, and what of it is mended. Nothing else imports it."""
