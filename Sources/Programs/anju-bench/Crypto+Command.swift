import ArgumentParser
import Guomi

/// `anju-bench crypto`: SM4 and SM3 beside OpenSSL, libgcrypt and Botan, and whether their time tells anything.
struct CryptoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crypto",
    abstract: "SM4 and SM3 beside OpenSSL, libgcrypt and Botan; then whether the time of SM4 depends on its data.")

  @Option(help: "Rounds; in each, every implementation runs once, one after the other. The median counts.")
  var rounds = 15

  @Option(help: "Thousands of measurements for each case of the timing test; 0 leaves it out.")
  var timings = 400

  func run() async throws {
    print("crypto: one core, processor time of the thread, median of \(rounds) rounds, on \(Machine.description)")
    let peers = CryptoPeers.all()
    for peer in peers { print("beside \(peer.version)") }
    let paths = SM4.Path.available.map(\.rawValue).joined(separator: ", ")
    print("SM4 takes \(SM4.Path.best.rawValue), of \(paths); SM3 takes \(SM3.implementation)\n")

    print(CryptoRow.heading(peers.map(\.name)))
    var rows: [CryptoRow] = []
    for item in try CryptoCase.all() {
      let row = try CryptoRow(item, peers: peers, rounds: rounds)
      print(row.line)
      rows.append(row)
    }
    print()
    for target in CryptoTarget.all { print(target.verdict(rows)) }
    print("\nRecords a second, one core\n\n| what | records/s |\n|---|---|")
    for line in try CryptoRecords.lines(rounds: rounds) { print(line) }
    print(CryptoKeys.heading)
    for line in try CryptoKeys.lines(rounds: rounds) { print(line) }
    if timings > 0 { try timing() }
  }

  private func timing() throws {
    print("\nTime against data (Welch's t over \(timings) K measurements; above \(TimingTest.limit) it depends)\n")
    print(TimingTest.heading)
    var isRight = true
    for item in try TimingCase.all() {
      let result = TimingTest(measurements: timings * 1_000).run(item)
      print(result.line)
      isRight = isRight && result.isExpected
    }
    guard isRight else { throw ExitCode.failure }
  }
}
