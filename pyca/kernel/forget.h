/* What was said about one type of pixel holds no longer. */
#undef KIND
#undef T
#undef S
#undef P
#undef LESS
#undef FIRST_LOW
#undef FIRST_HIGH
#undef OWN_ROWS
