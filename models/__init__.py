"""What a process does, as mathematics: numpy and scipy only, nothing of ours."""
