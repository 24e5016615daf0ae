import ArgumentParser

@main
struct Anjubench: ParsableCommand {}
