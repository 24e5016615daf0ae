/// The tag of a building's id.
package enum Building {}
/// The tag of a room's id.
package enum Room {}
