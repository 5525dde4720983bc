"""What routes take and answer, as types; the OpenAPI description is made of them."""
