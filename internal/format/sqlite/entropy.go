package sqlite

// highEntropy reports whether b looks like the output of a cipher: every byte
// value about as frequent as any other. Fewer than 512 bytes never do.
//
// It compares the chi-squared statistic over the 256 values (255 degrees of
// freedom: mean 255, standard deviation 22.6) with 400, six deviations above
// the mean. The pages of a database, text, and zeros give thousands and more.
func highEntropy(b []byte) bool {
	if len(b) < 512 {
		return false
	}
	var count [256]int
	for _, c := range b {
		count[c]++
	}
	expected := float64(len(b)) / 256
	chi := 0.0
	for _, n := range count {
		d := float64(n) - expected
		chi += d * d / expected
	}
	return chi < 400
}
