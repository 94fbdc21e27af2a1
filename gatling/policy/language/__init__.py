"""What sentences of policies say: their forms, the deeds and things that they speak of, and the rules that they make."""
