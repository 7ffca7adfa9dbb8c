// Package account holds the words in which a case is told: facts about people,
// targeting events, the register of those who sell and use spyware, promises,
// requests and answers. It is types, their validity and their meaning, and
// knows no database: the workspace keeps each as the JSON body of an entry.
//
// Dates are often known to the year or month only, and without a zone; Date
// keeps what was said and Truth lets a comparison answer "not known".
package account

import "errors"

// ErrInvalid says that a statement lacks something or contradicts itself. Its
// text names the field.
var ErrInvalid = errors.New("not valid")
