package i18n

// hindi has the Hindi of every sentence, gathered from the catalogue files,
// each of which holds one part of the product.
var hindi = gather(
	hindiWords, hindiDoor, hindiKhata, hindiMerge, hindiTill, hindiAccount, hindiPlan, hindiFaults,
	hindiStatement, hindiGrid, hindiIntake, hindiCollect, hindiReports, hindiCredits, hindiDevice,
	hindiLeaving, hindiOperators, hindiSafety, hindiFactors, hindiIncident, hindiIncidentOps, hindiStatus,
	hindiIncidents,
	hindiOthers, hindiRoom, hindiDesk, hindiDeveloper, hindiPlatform,
)

func gather(parts ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, part := range parts {
		for key, text := range part {
			all[key] = text
		}
	}
	return all
}
