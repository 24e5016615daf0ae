import ArgumentParser

@main
struct Anju: ParsableCommand {}
