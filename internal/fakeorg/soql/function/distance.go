package function

import "math"

// Angle gives how far two places are apart, in radians (the haversine formula).
func Angle(a, b [2]float64) float64 {
	const radian = math.Pi / 180
	half := func(x, y float64) float64 { return math.Pow(math.Sin((y-x)*radian/2), 2) }
	h := half(a[0], b[0]) + math.Cos(a[0]*radian)*math.Cos(b[0]*radian)*half(a[1], b[1])
	return 2 * math.Asin(math.Min(1, math.Sqrt(h)))
}
