/// Room that scanning messages needs, kept from one to the next.
struct ScanScratch: Sendable {
}
