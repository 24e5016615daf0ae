import SQLStore
import Testing

@Suite("A statement")
struct SQLTests {
  @Test("binds every interpolation, also what looks like SQL")
  func binds() {
    let name = "x'; DROP TABLE room; --"
    let sql: SQL = "SELECT id FROM room WHERE name = \(name) AND floor > \(3)"
    #expect(sql.text == "SELECT id FROM room WHERE name = $1 AND floor > $2")
    #expect(sql.values == [.text(name), .integer(3)])
  }

  @Test("numbers its parameters anew when it is put into another")
  func nests() {
    let inner: SQL = "floor = \(1) AND side = \("north")"
    let outer: SQL = "SELECT id FROM room WHERE building = \(7) AND \(inner) AND bed = \(2)"
    #expect(outer.text == "SELECT id FROM room WHERE building = $1 AND floor = $2 AND side = $3 AND bed = $4")
    #expect(outer.values == [.integer(7), .integer(1), .text("north"), .integer(2)])
  }

  @Test("joins with another")
  func joins() {
    var sql: SQL = "SELECT id FROM room WHERE floor = \(1)"
    sql += " AND side = \("north")"
    #expect(sql.text == "SELECT id FROM room WHERE floor = $1 AND side = $2")
    #expect((sql + " LIMIT \(5)").values == [.integer(1), .text("north"), .integer(5)])
  }

  @Test("writes a list in brackets, and one that matches nothing when it is empty")
  func lists() {
    let some: SQL = "SELECT 1 WHERE 1 IN \(list: [1, 2])"
    #expect(some.text == "SELECT 1 WHERE 1 IN ($1, $2)")
    let none: SQL = "SELECT 1 WHERE 1 IN \(list: [Int]())"
    #expect(none.text == "SELECT 1 WHERE 1 IN (NULL)")
  }

  @Test("binds nil as NULL and truth as 0 and 1")
  func optionals() {
    let missing: Int? = nil
    let sql: SQL = "VALUES (\(missing), \(true), \(false), \([1, 2] as [UInt8]), \(0.5))"
    #expect(sql.values == [.null, .integer(1), .integer(0), .blob([1, 2]), .real(0.5)])
  }

  @Test("pastes raw text only when told so")
  func raw() {
    let sql: SQL = "SELECT \(raw: "name") FROM room"
    #expect(sql.text == "SELECT name FROM room")
    #expect(sql.values.isEmpty)
  }
}
