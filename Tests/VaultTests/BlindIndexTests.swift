import Kernel
import TestSupport
import Testing
@testable import Vault

@Suite("A blind index")
struct BlindIndexTests {
  @Test("finds the same value, and differs by value, column, table, organisation", .clause("9.2.2a"))
  func differs() async throws {
    let stand = Stand()
    let indexer = try await stand.vault.indexer(organisation: stand.organisation, purpose: "residents")
    let other = try await stand.vault.indexer(organisation: ID(high: 1, low: 1), purpose: "residents")
    let index = indexer.index("13812345678", table: "resident", column: "phone")
    #expect(index.bytes.count == 16)
    #expect(indexer.index("13812345678", table: "resident", column: "phone") == index)
    let different = [
      indexer.index("13812345679", table: "resident", column: "phone"),
      indexer.index("13812345678", table: "resident", column: "name"),
      indexer.index("13812345678", table: "account", column: "phone"),
      indexer.index("13812345678", table: "residentp", column: "hone"),
      other.index("13812345678", table: "resident", column: "phone"),
    ]
    #expect(Set(different + [index]).count == 6)
    #expect(!"\(index)".contains(String(index.bytes[0])) || "\(index)" == "‹index›")
    #expect(stand.keys.calls == ["key.index", "key.index"])
  }
}
