import ArgumentParser

@main
struct Anjubuilding: ParsableCommand {}
